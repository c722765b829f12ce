import ArgumentParser
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux
import MillraceSlurm

/// `slurm`: jobs of 10 ms in a cluster of Slurm, in bundles and with a job of Slurm each, and the same here.
struct SlurmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm", abstract: "Measure jobs in Slurm, in bundles and one by one, beside jobs here.")

  @Option(help: "The program `millrace-host`, where the nodes see it.") var host: String
  @Option(help: "The plugin `probe`.") var plugin: String
  @Option(help: "A new directory that nodes and jobs can reach.") var directory: String
  @Option(help: "The configuration of Slurm.") var configuration: String
  @Option(help: "How the lane is called in the table.") var lane: String
  @Flag(help: "Do without cgroup controllers, where the machine has none.") var withoutControllers = false
  @Option(help: "How many run at once: here, and as processors of the cluster.") var atOnce = 8
  @Option(help: "How often all are measured in turn.") var rounds = 3
  @Option(help: "Jobs of a round in bundles, and here.") var jobs = 1000
  @Option(help: "Jobs of a round with a job of Slurm each.") var single = 100

  func run() async throws {
    guard mkdir(directory, 0o711) == 0 else {
      throw BenchmarkError("cannot make `\(directory)`: \(String(cString: strerror(errno)))")
    }
    try await CgroupTree.forBenchmark(withoutControllers: withoutControllers) { try await measure(in: $0) }
  }

  private func measure(in tree: CgroupTree) async throws {
    var course = try SlurmCourse(settings: settings, plugin: plugin, logs: directory + "/logs")
    var path = try await LaunchPath(tree: tree, directory: directory + "/here", host: host, plugin: plugin)
    var (bundled, alone, here) = (Rates(), Rates(), Rates())
    for round in 0...rounds {
      // The first round warms up.
      let (many, few) = round == 0 ? (max(jobs / 10, atOnce), max(single / 10, 1)) : (jobs, single)
      let local = try await path.runJobs("nap", many, atOnce: atOnce)
      let span = try await course.run(many, inBundles: true)
      let slow = try await course.run(few, inBundles: false)
      guard round > 0 else { continue }
      here.add(many, in: local)
      bundled.add(many, in: span)
      alone.add(few, in: slow)
    }
    await course.launcher.stop()
    await path.launcher.stop()
    report("a job of Slurm each", alone, against: "bundles of up to 100", bundled)
    report("bundles of up to 100", bundled, against: "the same here, \(atOnce) at once", here)
  }

  private func report(_ what: String, _ measured: Rates, against other: String, _ limit: Rates) {
    Row(
      what: "jobs of 10 ms in Slurm, \(what), against \(other)", lane: lane, measured: measured.text,
      limit: limit.text, ratio: "\(fixed(measured.median / limit.median, decimals: 3)) of it", target: "–"
    ).show()
  }

  private var settings: SlurmSettings {
    let nobody = LaunchSettings.Identity.ofBenchmark
    var settings = SlurmSettings(
      spool: directory + "/spool", host: host, user: SlurmSettings.User(uid: nobody.uid, gid: nobody.gid))
    settings.configuration = configuration
    settings.demandsCaps = false
    return settings
  }
}

/// A launcher for Slurm, and who waits for its jobs.
private struct SlurmCourse {
  let launcher: SlurmLauncher
  private let plugin: Plugin
  private var events: AsyncStream<LaunchEvent>.Iterator
  private var nextJob: Int64 = 1

  init(settings: SlurmSettings, plugin path: String, logs: String) throws {
    let logger = Logger(label: "slurm")
    mkdir(logs, 0o700)
    launcher = try SlurmLauncher(
      settings: settings, logs: LogFiles(directory: logs, cap: .mebibytes(1), log: logger), logger: logger)
    plugin = Plugin(
      name: "probe", version: "1", sha256: try Self.digest(of: path), path: path, handlers: [])
    events = launcher.events.makeAsyncIterator()
  }

  private static func digest(of path: String) throws -> String {
    guard let bytes = try TrustedFiles.bytes(of: path, "the plugin", atMost: 64 << 20) else {
      throw BenchmarkError("there is no `\(path)`")
    }
    return PluginFile.digest(of: bytes)
  }

  /// Runs so many jobs at once; returns the nanoseconds of all together.
  mutating func run(_ count: Int, inBundles: Bool) async throws -> Int64 {
    let began = ContinuousClock.now
    launcher.launch((0..<count).map { _ in plan(inBundles: inBundles) })
    var ended: [AttemptID] = []
    while ended.count < count, let event = await events.next() {
      switch event {
      case .started, .progress, .notice, .placed, .late, .cluster: continue
      case .refused(_, let reason): throw BenchmarkError("a job was refused: \(reason)")
      case .ended(let id, let report):
        guard case .done? = report.word else { throw BenchmarkError("a job failed: \(report)") }
        ended.append(id)
      }
    }
    let span = began.nanosecondsSince
    launcher.release(ended)
    return span
  }

  private mutating func plan(inBundles: Bool) -> LaunchPlan {
    let id = AttemptID(job: JobID(nextJob), number: 1)
    nextJob += 1
    var plan = LaunchPlan(
      attempt: id, handler: "nap", plugin: plugin,
      limits: Limits(memory: .mebibytes(64), cpuMillis: 1000, pids: 64), priority: .default,
      deadline: Timestamp(microseconds: 4_000_000_000_000_000),
      payload: StoredPayload(parameters: .object([:]), input: nil, traceParent: nil))
    plan.order = ClusterOrder(
      timeout: .seconds(60), grace: .seconds(5), expectedRun: inBundles ? .milliseconds(10) : nil)
    return plan
  }
}
