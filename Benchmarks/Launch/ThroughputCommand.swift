import ArgumentParser
import Glibc
import MillraceLinux

/// `throughput`: many launches at once beside as many runs of the raw limit, round by round.
struct ThroughputCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "throughput", abstract: "Measure launches in flight beside the raw limit.")

  @OptionGroup var runner: RunnerOptions
  @Option(help: "The program made of limit/limit.c.") var limit: String
  @Option(name: .customLong("measure"), help: "A tier that is measured. May be repeated.")
  var tiers = Tier.ofProbe
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "How many are in flight. May be repeated; 8, 16 and 64 if it is not given.")
  var pipelined: [Int] = []
  @Flag(help: "Hold nothing against targets, which are for a whole machine.") var withoutTargets = false
  @Option(help: "How often all are measured in turn.") var rounds = 5
  @Option(help: "Runs of each in a round.") var jobs = 2000

  func validate() throws {
    if let few = pipelined.first(where: { $0 < 2 }) {
      throw ValidationError("`--pipelined \(few)` is none in flight; `launch` measures one by one")
    }
  }

  /// What a warm plugin must reach; the other tiers are shown beside it.
  private static let target = 3000.0

  private struct Course {
    let tier: Tier
    let atOnce: Int
    /// The place of its launcher.
    let path: Int
    var rates = Rates()
    var limits = Rates()
  }

  func run() async throws {
    guard mkdir(runner.directory, 0o711) == 0 else {
      throw BenchmarkError("cannot make `\(runner.directory)`: \(String(cString: strerror(errno)))")
    }
    try await CgroupTree.forBenchmark(withoutControllers: runner.withoutControllers) {
      try await measure(in: $0)
    }
  }

  private func measure(in tree: CgroupTree) async throws {
    var paths: [LaunchPath] = []
    var courses: [Course] = []
    for tier in tiers {
      for atOnce in pipelined.isEmpty ? [8, 16, 64] : pipelined {
        courses.append(Course(tier: tier, atOnce: atOnce, path: paths.count))
      }
      paths.append(
        try await LaunchPath(
          tree: tree, directory: "\(runner.directory)/\(tier.rawValue)", host: runner.host,
          plugin: runner.plugin, tier: tier, preload: runner.preload))
    }
    let limit = RawLimit(program: limit, group: tree.path + "/limit")
    for round in 0...rounds {
      for index in courses.indices {
        let (tier, atOnce) = (courses[index].tier, courses[index].atOnce)
        // The first round warms up.
        let count = round == 0 ? max(jobs / 10, atOnce) : jobs
        let raw = try limit.span(tier.limit, count: count, atOnce: atOnce)
        let span = try await paths[courses[index].path].runJobs("noop", count, atOnce: atOnce)
        guard round > 0 else { continue }
        courses[index].limits.add(count, in: raw)
        courses[index].rates.add(count, in: span)
      }
    }
    for path in paths { await path.launcher.stop() }
    courses.forEach(report)
  }

  private func report(_ course: Course) {
    let verdict = course.rates.median >= Self.target ? "met" : "missed"
    Row(
      what:
        "launches, \(course.atOnce) in flight, \(course.tier.name), against \(course.tier.limit.rawValue)",
      lane: lane, measured: course.rates.text, limit: course.limits.text,
      ratio: "\(fixed(course.rates.median / course.limits.median, decimals: 2)) of it",
      target: course.tier.limit == .fork && !withoutTargets ? "≥ \(Int(Self.target)) jobs/s: \(verdict)" : "–"
    ).show()
  }
}
