import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux

/// The runner's own way from a job to its end: launcher, keeper, cgroup, plugin, log and work directory.
struct LaunchPath {
  private(set) var launcher: LocalLauncher
  private let makeLauncher: () throws -> LocalLauncher
  private let plugin: Plugin
  private var events: AsyncStream<LaunchEvent>.Iterator
  private var nextJob: Int64 = 1

  /// Prepares a launcher with a keeper of its own that makes its files in a new directory, an absolute path
  /// through which everybody may pass; `plugin` is the path of a plugin, which everybody may read, and
  /// `preload` what it links with.
  init(
    tree: CgroupTree, directory: String, host: String, plugin: String, tier: Tier = .template,
    preload: [String] = []
  ) async throws {
    for name in ["", "/work", "/logs"] {
      let path = directory + name
      guard mkdir(path, 0o711) == 0 else {
        throw BenchmarkError("cannot make `\(path)`: \(String(cString: strerror(errno)))")
      }
    }
    var logger = Logger(label: "millrace-bench", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = .warning
    var settings = LaunchSettings(
      host: host, keeperSocket: directory + "/keeper.sock", workDirectory: directory + "/work",
      identity: .ofBenchmark)
    tier.apply(to: &settings, preload: preload)
    let logs = LogFiles(directory: directory + "/logs", cap: .mebibytes(16), log: logger)
    makeLauncher = { [logger, settings] in
      try LocalLauncher(tree: tree, settings: settings, logs: logs, logger: logger)
    }
    launcher = try makeLauncher()
    events = launcher.events.makeAsyncIterator()
    self.plugin = try await launcher.describe(plugin)
  }

  /// Starts a job that does nothing for a number of seconds; returns when its process exists.
  mutating func startJob(seconds: Int64) async throws -> AttemptID {
    let id = request(seconds: seconds)
    while let event = await events.next() {
      switch event {
      case .started(id): return id
      case .started, .progress, .notice, .ended, .placed, .late, .cluster: continue
      case .refused(_, let reason): throw BenchmarkError("a job was refused: \(reason)")
      }
    }
    throw BenchmarkError("the launcher ended")
  }

  /// Has the launcher go, as with its runner, and another one take over; returns the nanoseconds from the
  /// start of that until it has measured all of them.
  mutating func changeRunners(_ ids: [AttemptID]) async throws -> Int64 {
    await launcher.stop()
    let open = ids.map { KeptAttempt(attempt: $0, plugin: plugin.name) }
    let began = ContinuousClock.now
    launcher = try makeLauncher()
    let taken = try await launcher.takeOver(open: open)
    let measured = await launcher.sample().attempts
    let time = began.nanosecondsSince
    events = launcher.events.makeAsyncIterator()
    guard taken.count == ids.count, measured.count == ids.count else {
      throw BenchmarkError("of \(ids.count) attempts \(taken.count) were taken over")
    }
    return time
  }

  /// Kills what was started, and returns when all of it has ended.
  mutating func endJobs(_ ids: [AttemptID]) async {
    var left = Set(ids)
    for id in ids { launcher.kill(id) }
    while !left.isEmpty, let event = await events.next() {
      guard case .ended(let id, _) = event else { continue }
      left.remove(id)
      launcher.release([id])
    }
  }

  /// Runs a job that does nothing; returns nanoseconds from the request to the news that it has ended. Its
  /// leaf is removed in the time of the next one.
  mutating func runJob() async throws -> Int64 {
    let began = ContinuousClock.now
    _ = request(seconds: 0)
    while let event = await events.next() {
      switch event {
      case .started, .progress, .notice, .placed, .late, .cluster: continue
      case .refused(_, let reason): throw BenchmarkError("a job was refused: \(reason)")
      case .ended(let id, let report):
        let time = began.nanosecondsSince
        launcher.release([id])
        guard case .done? = report.word else { throw BenchmarkError("a job failed: \(report)") }
        return time
      }
    }
    throw BenchmarkError("the launcher ended")
  }

  /// Runs so many jobs of a handler without parameters, so many of them at once; returns the nanoseconds of
  /// all together.
  mutating func runJobs(_ handler: String, _ count: Int, atOnce: Int) async throws -> Int64 {
    let began = ContinuousClock.now
    for _ in 0..<min(atOnce, count) { request(handler) }
    var (requested, ended) = (min(atOnce, count), 0)
    while ended < count, let event = await events.next() {
      switch event {
      case .started, .progress, .notice, .placed, .late, .cluster: continue
      case .refused(_, let reason): throw BenchmarkError("a job was refused: \(reason)")
      case .ended(let id, let report):
        guard case .done? = report.word else { throw BenchmarkError("a job failed: \(report)") }
        launcher.release([id])
        ended += 1
        if requested < count {
          request(handler)
          requested += 1
        }
      }
    }
    return began.nanosecondsSince
  }

  private mutating func request(seconds: Int64) -> AttemptID {
    request("sleep", .object(["seconds": .integer(seconds)]))
  }

  @discardableResult
  private mutating func request(_ handler: String, _ parameters: JSONValue = .object([:])) -> AttemptID {
    let id = AttemptID(job: JobID(nextJob), number: 1)
    nextJob += 1
    launcher.launch(
      LaunchPlan(
        attempt: id, handler: handler, plugin: plugin,
        limits: Limits(memory: .mebibytes(256), cpuMillis: 1000, pids: 64), priority: .default,
        deadline: Timestamp(microseconds: 4_000_000_000_000_000),
        payload: StoredPayload(parameters: parameters, input: nil, traceParent: nil)))
    return id
  }
}
