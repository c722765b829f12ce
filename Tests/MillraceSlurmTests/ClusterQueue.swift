import Foundation
import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux
import MillraceSlurm
import MillraceStore
import TestSupport
import Testing

/// The queue of a runner whose jobs all run in a trial cluster: a real record, a real Slurm, real nodes. Its
/// runners can be followed by others; nothing runs on this machine itself.
final class ClusterQueue {
  /// Where jobs write down what they do.
  let place: String
  private let state: String
  private let rules: ClusterRules
  /// Where its nodes reach it that share no spool; nil if they do.
  private let address: String?
  private var runner: Runner?

  /// What a runner is made of here.
  private struct Runner {
    var engine: Engine
    var launcher: SlurmLauncher
    var work: Task<Void, any Error>
  }

  /// Makes a queue in the trial cluster; `outstanding` attempts may be there at once.
  init(outstanding: Int = 1000, address: String? = nil) throws {
    self.address = address
    state = TestDirectory.newPath("state")
    place = TestDirectory.newPath("place")
    var rules = ClusterRules()
    rules.outstanding = outstanding
    rules.coolDown = .seconds(2)
    self.rules = rules
    for path in [state, place] {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    chmod(place, 0o777)
  }

  var engine: Engine {
    get throws { try #require(runner?.engine) }
  }

  /// Starts a runner, which takes over what the one before it left.
  func start() async throws {
    let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let store = try SQLiteJobStore(opening: state + "/millrace.db")
    let logs = LogFiles(directory: state + "/logs", cap: .mebibytes(1), log: log)
    var settings = try settings()
    settings.spool = state + "/spool"
    let launcher = try SlurmLauncher(settings: settings, logs: logs, logger: log)
    let plugins = FakePluginSource()
    var policy = Policy(slots: 1, memory: .gibibytes(4), cpuMillis: 4000)
    policy.cluster = rules
    policy.maxQueued = 10_000
    var reception = Reception(
      defaults: Sample.terms, machine: Limits(memory: .gibibytes(1), cpuMillis: 4000, pids: 100),
      maxInput: .kibibytes(1))
    reception.places.hasCluster = true
    let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))
    let engine = Engine(
      ports: Engine.Ports(
        store: store, launcher: FakeLauncher(journal: Journal()), cluster: launcher, plugins: plugins,
        logs: logs, clock: AnchoredClock(wall: now)),
      policy: policy, reception: reception, version: "1", pid: getpid(), log: log)
    runner = Runner(engine: engine, launcher: launcher, work: Task { try await engine.run() })
    plugins.publish(Catalog(plugins: [try Self.plugin()], refused: []))
    while await engine.catalog().plugins.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
  }

  /// Lets the runner go, as if it were killed: what is out there goes on.
  func abandon() async throws {
    guard let runner else { return }
    self.runner = nil
    await runner.engine.stop()
    await runner.launcher.stop()
    try await runner.work.value
  }

  /// How Slurm is used: by the real host, and quickly.
  private func settings() throws -> SlurmSettings {
    var settings = try TrialCluster.settings()
    settings.host = TestProcess.programs + "/millrace-host"
    settings.demandsCaps = false
    settings.address = address
    (settings.look, settings.poll, settings.nodePoll) = (.milliseconds(200), .seconds(1), .seconds(2))
    (settings.beat, settings.fence, settings.fenceMargin) = (.seconds(1), .seconds(6), .seconds(2))
    return settings
  }

  /// The plugin `exec`, which runs commands.
  private static func plugin() throws -> Plugin {
    let path = TestProcess.programs + "/libexec.so"
    let sha256 = SHA256.hex(of: try Data(contentsOf: URL(fileURLWithPath: path)))
    let words = JSONValue.object(["type": .string("array"), "items": .object(["type": .string("string")])])
    return Plugin(
      name: "exec", version: "1", sha256: sha256, path: path,
      handlers: [
        Handler(
          name: "exec", summary: "runs a command",
          parameterSchema: .object(["type": .string("object"), "properties": .object(["command": words])]))
      ])
  }

  /// A job that notes its start and its end, and takes so many seconds between them.
  func request(_ seconds: Double, priority: Int = 5, after: JobID? = nil, attempts: Int = 1) throws
    -> JobRequest
  {
    let note = "date +\"$MILLRACE_JOB.$MILLRACE_ATTEMPT"
    let script = """
      \(note) start %s.%N\" >>\(place)/notes; sleep \(seconds)
      \(note) end %s.%N\" >>\(place)/notes
      """
    let words = ["sh", "-c", script].map { JSONValue.string($0) }
    var request = JobRequest(
      handler: "exec", parameters: ["command": .array(words)],
      wishes: Wishes(maxAttempts: attempts, place: .slurm),
      priority: try #require(Priority(rawValue: priority)))
    if let after { request.after = [Dependency(.job(after))] }
    return request
  }

  /// Waits until jobs have ended; returns them as they are then.
  func ended(_ jobs: [JobID], within span: Duration) async throws -> [Job] {
    let last = ContinuousClock.now + span
    var ended: [Job] = []
    for job in jobs {
      let found = try await engine.wait(for: job, atMost: max(.zero, last - .now))
      guard found.state.isFinal else { throw TestFailure("job \(job) has not ended: \(found.state)") }
      ended.append(found)
    }
    return ended
  }

  /// Returns the attempts at a job.
  func attempts(_ job: JobID) async throws -> [Attempt] { try await engine.history.attempts(of: job) }

  /// What the attempts have noted: when each began and ended, in seconds.
  func notes() throws -> [String: (start: Double, end: Double?)] {
    let text = try String(contentsOfFile: place + "/notes", encoding: .utf8)
    var notes: [String: (start: Double, end: Double?)] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, let time = Double(words[2]) else { throw TestFailure("a broken note: \(line)") }
      let id = String(words[0])
      if words[1] == "start" {
        guard notes[id] == nil else { throw TestFailure("\(id) was started twice") }
        notes[id] = (time, nil)
      } else {
        notes[id]?.end = time
      }
    }
    return notes
  }
}
