import MillraceCore
import Testing

@testable import MillraceSimulator

@Suite("A simulated machine")
struct SimulationTests {
  @Test("breaks no rule of the scheduler, and every job ends", arguments: 0..<400)
  func rules(seed: UInt64) throws {
    var simulation = try Simulation(seed: seed)
    try simulation.run()
  }
}
