import ArgumentParser
import Glibc
import MillraceLinux

/// `launch`: a job's way through the runner beside the kernel's own, round by round.
struct LaunchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "launch", abstract: "Measure a job's launch beside the raw limit.")

  @Option(help: "The program made of limit/limit.c.") var limit: String
  @Option(help: "The program millrace-host.") var host: String
  @Option(help: "The plugin libspin.so.") var plugin: String
  @Option(help: "A new directory below which everything is made; everybody must be able to pass.")
  var directory: String
  @Option(help: "A library that the keeper loads ahead, in a tier of its own. May be repeated.")
  var preload: [String] = []
  @Option(name: .customLong("measure"), help: "A tier that is measured. May be repeated; all without it.")
  var tiers: [Tier] = []
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "How often all are measured in turn.") var rounds = 10
  @Option(help: "Runs of each in a round.") var jobs = 100
  @Flag(help: "Do without cgroup controllers, where the machine has none.") var withoutControllers = false

  /// A tier beside the limit that it is held against.
  private struct Pair {
    let tier: Tier
    var path: LaunchPath
    var limits = Times()
    var times = Times()
  }

  func run() async throws {
    guard mkdir(directory, 0o711) == 0 else {
      throw BenchmarkError("cannot make `\(directory)`: \(String(cString: strerror(errno)))")
    }
    try await CgroupTree.forBenchmark(withoutControllers: withoutControllers) { try await measure(in: $0) }
  }

  private func measure(in tree: CgroupTree) async throws {
    var pairs: [Pair] = []
    for tier in tiers.isEmpty ? Tier.allCases : tiers {
      let path = try await LaunchPath(
        tree: tree, directory: "\(directory)/\(tier.rawValue)", host: host, plugin: plugin, tier: tier,
        preload: preload)
      pairs.append(Pair(tier: tier, path: path))
    }
    let limit = RawLimit(program: limit, group: tree.path + "/limit")
    for round in 0...rounds {
      for index in pairs.indices {
        // The first round warms up.
        let count = round == 0 ? 10 : jobs
        let limits = try limit.times(pairs[index].tier.limit, count: count)
        var times: [Int64] = []
        for _ in 0..<count { times.append(try await pairs[index].path.runJob()) }
        guard round > 0 else { continue }
        pairs[index].limits.add(limits)
        pairs[index].times.add(times)
      }
    }
    for pair in pairs {
      await pair.path.launcher.stop()
      report(pair)
    }
  }

  private func report(_ pair: Pair) {
    let ratios = pair.times.ratios(to: pair.limits)
    Row(
      what: "launch, \(pair.tier.name), against \(pair.tier.limit.rawValue)", lane: lane,
      measured: pair.times.text,
      limit: pair.limits.text,
      ratio: Times.text(of: ratios), target: "≤ \(pair.tier.target): \(verdict(ratios, pair.tier.target))"
    ).show()
  }

  /// The target is one of medians; where the shortest times say otherwise, the machine was too busy to tell.
  private func verdict(_ ratios: (median: Double, least: Double), _ target: Double) -> String {
    switch (ratios.median <= target, ratios.least <= target) {
    case (true, true): "met"
    case (false, false): "missed"
    case (true, false), (false, true): "not clear, too much noise"
    }
  }
}
