import MillraceCore
import TestSupport
import Testing

@Suite("A simulated machine")
struct SimulationTests {
  @Test("breaks no rule of the scheduler, and every job ends", arguments: 0..<200)
  func rules(seed: UInt64) throws {
    var simulation = Simulation(seed: seed)
    try simulation.run()
    let states = Set(simulation.record.all.map(\.state))
    #expect(states.isSubset(of: [.succeeded, .failed, .cancelled]))
  }

  @Test("meets everything that can happen to an attempt")
  func coverage() throws {
    var outcomes: Set<Outcome> = []
    for seed in 0..<20 as Range<UInt64> {
      var simulation = Simulation(seed: seed)
      try simulation.run()
      outcomes.formUnion(simulation.record.outcomes.keys)
    }
    #expect(outcomes == Set(Outcome.allCases).subtracting([.evicted]))
  }

  /// Swift's dictionaries and sets have another order in each process.
  @Test("does the same in two processes")
  func replay() async throws {
    let first = try await #require(
      processExitsWith: .success, observing: [\.standardOutputContent]
    ) { try SimulationTests.printTraces() }
    let second = try await #require(
      processExitsWith: .success, observing: [\.standardOutputContent]
    ) { try SimulationTests.printTraces() }
    #expect(first.standardOutputContent.count > 100_000)
    // Not in the expectation itself: it would print both.
    let isSame = first.standardOutputContent == second.standardOutputContent
    #expect(isSame)
  }

  private static func printTraces() throws {
    for seed in 0..<10 as Range<UInt64> {
      var simulation = Simulation(seed: seed, keepsTrace: true)
      try simulation.run()
      print(simulation.trace.joined(separator: "\n"))
    }
  }
}
