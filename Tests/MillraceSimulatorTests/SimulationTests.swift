import MillraceCore
import Testing

@testable import MillraceSimulator

@Suite("A simulated machine")
struct SimulationTests {
  @Test("breaks no rule of the scheduler, and every job ends", arguments: 0..<150)
  func rules(seed: UInt64) throws {
    var simulation = try Simulation(seed: seed)
    try simulation.run()
    #expect(simulation.figures.jobs > 0)
  }

  @Test("meets everything that can happen to an attempt, and switches on everything that it knows")
  func coverage() throws {
    var outcomes: Set<Outcome> = []
    var twists: Set<Twist> = []
    for seed in 0..<150 as Range<UInt64> {
      var simulation = try Simulation(seed: seed)
      try simulation.run()
      outcomes.formUnion(simulation.outcomes.keys)
      twists.formUnion(simulation.twists)
    }
    #expect(outcomes == Set(Outcome.allCases))
    #expect(twists == Set(Twist.allCases))
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
      var simulation = try Simulation(seed: seed, keepsTrace: true)
      try simulation.run()
      print(simulation.trace.joined(separator: "\n"))
    }
  }

  @Test("keeps the order of jobs when the wall clock is set by a day")
  func clockSteps() throws {
    // Seeds of which the order can be told from the record: those are checked at every start.
    var count = 0
    for seed in 0..<400 as Range<UInt64> {
      var simulation = try Simulation(seed: seed)
      guard simulation.twists.isSuperset(of: [.clockSteps, .restarts]),
        simulation.twists.isDisjoint(with: [.slowdown, .fairShare])
      else { continue }
      try simulation.run()
      count += 1
    }
    #expect(count > 10)
  }

  @Test("takes settings over what the seed draws, and the same jobs under each of them")
  func settings() throws {
    var options = SimulationOptions()
    options.jobs = 30
    options.settings = ["max_running=1", "memory=16G", "backfill=none"]
    var narrow = try Simulation(seed: 3, options: options, keepsTrace: true)
    try narrow.run()
    options.settings = ["max_running=20", "memory=16G"]
    var wide = try Simulation(seed: 3, options: options)
    try wide.run()
    #expect(narrow.figures.jobs == 30)
    #expect(wide.figures.jobs == 30)
    // Not the longer one: with fewer slots a seed lets its jobs come at longer intervals.
    #expect(narrow.figures.meanWait != wide.figures.meanWait)
    options.settings = ["aging=nan"]
    #expect(throws: SimulatorError.self) { try Simulation(seed: 3, options: options) }
  }
}
