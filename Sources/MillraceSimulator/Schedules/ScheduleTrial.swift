package import MillraceCore

/// What came of the simulations of schedules from many seeds.
package struct ScheduleTrial: Sendable {
  package private(set) var seeds = 0
  /// How many nominal times had which fate.
  package private(set) var fates: [MillraceCore.Fate: Int] = [:]
  package private(set) var jobs = 0
  /// How often a runner crashed in the midst of what was due.
  package private(set) var crashes = 0
  /// How much was wrong.
  package private(set) var violations = 0
  /// The first of what was wrong, each with its seed.
  package private(set) var examples: [String] = []

  private static let mostExamples = 20

  /// Makes one of no seeds.
  package init() {}

  /// How many rows there are.
  package var nominalTimes: Int { fates.values.reduce(0, +) }

  /// Simulates one more seed; the parameters are those of `ScheduleSimulation`.
  package mutating func add(
    seed: UInt64, zones: [String: ZoneRules], flaw: ScheduleSimulation.Flaw? = nil
  ) {
    var simulation = ScheduleSimulation(seed: seed, zones: zones, flaw: flaw)
    do throws(BrokenRule) {
      for violation in try simulation.violations() { note("seed \(seed): \(violation)") }
    } catch {
      note("seed \(seed): \(error)")
    }
    seeds += 1
    jobs += simulation.history.runs.count
    crashes += simulation.history.presences.count(where: \.isInterrupted)
    for tick in simulation.history.ticks { fates[tick.fate, default: 0] += 1 }
  }

  private mutating func note(_ violation: String) {
    violations += 1
    if examples.count < Self.mostExamples { examples.append(violation) }
  }
}
