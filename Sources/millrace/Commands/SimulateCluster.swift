import ArgumentParser
import MillraceSimulator

/// A large cluster from a seed, with failing nodes.
struct ClusterOptions: ParsableArguments {
  @Option(
    help: "Jobs on a made-up cluster of so many nodes with 16 processors and 64 GiB.",
    transform: Quantities.count)
  var nodes: Int?

  @Option(help: "How often a node of it goes down; half as often one is at fault.")
  var failures = 200

  @Option(help: "How many attempts may be in it at once.", transform: Quantities.count)
  var outstanding = 10_000

  func check() throws {
    guard failures >= 0 else { throw ValidationError("`--failures` can't be below 0") }
  }

  /// Runs it and prints what came of it.
  func run(_ seeds: SeedOptions, as format: OutputFormat) throws {
    var workload = ClusterWorkload()
    workload.seed = seeds.seed
    workload.nodes = nodes ?? workload.nodes
    workload.jobs = seeds.jobs ?? workload.jobs
    (workload.failures, workload.outstanding) = (failures, outstanding)
    var trial = ClusterTrial(workload, keepsTrace: seeds.trace)
    do throws(BrokenRule) {
      try trial.run()
    } catch {
      try printTrace(trial)
      throw CommandError(.jobFailed, "\(error)", hint: "the same with `--trace` tells all of it")
    }
    try printTrace(trial)
    try ClusterSheet(workload, trial.figures, peakMemory: PeakMemory.ofThisProcess).print(as: format)
  }

  private func printTrace(_ trial: ClusterTrial) throws {
    try StandardOutput.write(trial.trace.map { $0 + "\n" }.joined())
  }
}
