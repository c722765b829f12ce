import ArgumentParser
import MillraceCore
import MillraceSimulator

/// A workload or schedules from a seed, with faults.
struct SeedOptions: ParsableArguments {
  @Option(help: "The seed of a made-up workload.")
  var seed: UInt64 = 1

  @Flag(help: "Schedules on a made-up runner that crashes, instead of jobs; all seeds are tried.")
  var schedules = false

  @Option(
    help: "So many seeds, from that one on; the first that breaks a rule ends it.",
    transform: Quantities.count)
  var seeds = 1

  @Option(help: "How many jobs each seed makes; some dozens without it.", transform: Quantities.count)
  var jobs: Int?

  @Flag(help: "Print every action of the scheduler.")
  var trace = false

  /// Simulates each seed under each policy.
  func simulate(_ options: PolicyOptions) throws -> [SimulationResult] {
    try options.entries.map { entry in
      var simulation = SimulationOptions()
      simulation.jobs = jobs
      simulation.settings = entry.settings
      var figures = WorkloadFigures(cpuMillis: 0)
      for place in 0..<seeds {
        figures.add(try simulate(seed &+ UInt64(place), simulation))
      }
      return SimulationResult(entry.name, figures)
    }
  }

  /// Tries schedules with each seed.
  func trySchedules() throws -> ScheduleTrial {
    var zones: [String: ZoneRules] = [:]
    for name in ScheduleSimulation.zoneNames { zones[name] = try RecurrenceOptions.zone(named: name) }
    var trial = ScheduleTrial()
    for place in 0..<seeds { trial.add(seed: seed &+ UInt64(place), zones: zones) }
    return trial
  }

  private func simulate(_ seed: UInt64, _ options: SimulationOptions) throws -> WorkloadFigures {
    var simulation = try Simulation(seed: seed, options: options, keepsTrace: trace)
    do throws(BrokenRule) {
      try simulation.run()
    } catch {
      try printTrace(simulation)
      throw CommandError(
        .jobFailed, "seed \(seed): \(error)",
        hint: "`millrace simulate --seed \(seed) --trace` tells all of it")
    }
    try printTrace(simulation)
    return simulation.figures
  }

  private func printTrace(_ simulation: Simulation) throws {
    if trace { try StandardOutput.write(simulation.trace.map { $0 + "\n" }.joined()) }
  }
}
