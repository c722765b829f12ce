import Logging
import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine

/// An engine with fakes all around it. `journal` holds what store and launcher did, in one order.
final class Bench: Sendable {
  let journal = Journal<String>()
  let clock: ManualClock
  let store: FaultyJobStore
  let launcher: FakeLauncher
  /// What it does is in the journal with `slurm` before it.
  let cluster: FakeLauncher
  let plugins = FakePluginSource()
  let logs = MemoryLogs()
  let engine: Engine

  /// A plugin with the handlers `work` and `other`; `work` has a text parameter `text`.
  static let tools = Sample.plugin(
    "tools",
    handlers: [
      Handler(
        name: "work", summary: "works",
        parameterSchema: .object([
          "properties": .object(["text": .object(["type": .string("string")])]),
          "additionalProperties": .bool(false),
        ])),
      Handler(name: "other", summary: "works too", concurrency: 1),
    ])

  init(
    slots: Int = 10, maxQueued: Int = 100, record: MemoryJobStore = MemoryJobStore(),
    at time: Timestamp = Sample.time(0), settings: (any RuntimeSettings)? = nil, boot: String? = nil,
    isTraced: Bool = false, rules: ClusterRules? = nil,
    schedules: (FaultyJobStore, ManualClock) -> Engine.ScheduleParts? = { _, _ in nil }
  ) {
    clock = ManualClock(time)
    store = FaultyJobStore(record, journal: journal)
    launcher = FakeLauncher(journal: journal)
    cluster = FakeLauncher(journal: journal, named: "slurm")
    var policy = Policy(
      slots: slots, memory: .gibibytes(1), cpuMillis: 100_000, maxQueued: maxQueued, aging: .seconds(1800))
    policy.cluster = rules
    var reception = Reception(
      defaults: Sample.terms, machine: Limits(memory: .gibibytes(1), cpuMillis: 4000, pids: 100),
      maxInput: .kibibytes(1))
    reception.places.hasCluster = rules != nil
    engine = Engine(
      ports: Engine.Ports(
        store: store, launcher: launcher, cluster: rules == nil ? nil : cluster, plugins: plugins, logs: logs,
        clock: clock, settings: settings, schedules: schedules(store, clock)),
      policy: policy, reception: reception, version: "1.2.3", pid: 42, boot: boot, isTraced: isTraced,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Runs the engine with the tools in use while `body` works, then stops it.
  func run(catalog: [Plugin] = [Bench.tools], _ body: () async throws -> Void) async throws {
    let task = Task { try await engine.run() }
    do {
      if !catalog.isEmpty { try await use(catalog) }
      try await body()
    } catch {
      store.fill(false)
      store.release()
      await engine.stop()
      throw error
    }
    await engine.stop()
    try await task.value
  }

  /// Puts plugins into use; returns when the scheduler knows them.
  func use(_ catalog: [Plugin]) async throws {
    let noted = "noted \(catalog.map(\.name))"
    let before = journal.entries.count { $0 == noted }
    plugins.publish(Catalog(plugins: catalog, refused: []))
    try await journal.wait(for: noted, times: before + 1)
    try await settle()
  }

  /// Returns when everything that was put to the engine before is done: no jobs are accepted after it.
  func settle() async throws { _ = try await engine.submit([]) }

  /// Returns when so many things wait to be taken in by the engine.
  func inboxHolds(_ count: Int) async throws {
    while await engine.inboxCount < count { await Task.yield() }
  }

  /// The same while no job is taken. After a failed write: the engine has taken note of the failure, at the
  /// time that the clock shows now.
  func settled() async throws {
    await #expect(throws: Refusal.self) { try await settle() }
  }

  /// Submits one job.
  @discardableResult
  func submit(
    _ handler: String = "work", input: [UInt8]? = nil, notBefore: Timestamp? = nil, wishes: Wishes = Wishes()
  ) async throws -> JobID {
    try await engine.submit([
      JobRequest(handler: handler, input: input, wishes: wishes, notBefore: notBefore)
    ])[0]
  }

  /// Has so many callers submit a job each, all in one tick: one more job is being written meanwhile.
  func submitTogether(_ count: Int) async throws -> [Result<JobID, any Error>] {
    store.hold()
    async let first = submit()
    try await journal.wait(for: "commit [accepted 1")
    let results = try await withThrowingTaskGroup(of: Result<JobID, any Error>.self) { group in
      for _ in 0..<count {
        group.addTask { do { return .success(try await self.submit()) } catch { return .failure(error) } }
      }
      try await inboxHolds(count)
      store.release()
      return try await group.reduce(into: []) { $0.append($1) }
    }
    _ = try await first
    return results
  }

  /// Submits a job and lets its first attempt run; returns when that is on record.
  func runningJob(_ handler: String = "work") async throws -> JobID {
    let job = try await submit(handler)
    try await journal.wait(for: "launch \(job).1")
    try await start(AttemptID(job: job, number: 1))
    return job
  }

  /// Says that an attempt exists; returns when that is on record.
  func start(_ attempt: AttemptID) async throws {
    launcher.say(.started(attempt))
    try await recorded("running \(attempt)")
  }

  /// Says that an attempt ended; returns when that is on record.
  func end(_ attempt: AttemptID, _ report: AttemptReport = .success) async throws {
    launcher.say(.ended(attempt, report))
    try await recorded("ended \(attempt)")
  }

  /// Returns when a change is committed.
  func recorded(_ change: String) async throws {
    try await journal.wait { entries in entries.contains { $0.hasPrefix("committed") && $0.contains(change) }
    }
  }

  func state(_ job: JobID) async throws -> JobState? { try await store.job(job)?.state }
}

extension AttemptReport {
  static let success = AttemptReport(exit: .exited(code: 0), usage: Usage(), word: .done(nil))
  /// The handler says that another attempt won't help.
  static let final = AttemptReport(
    exit: .exited(code: 1), usage: Usage(),
    word: .failed(Failure(code: "bad", message: "no", isRetryable: false)))
  static let crash = AttemptReport(exit: .signalled(signal: 11), usage: Usage(), word: nil)
  static let killed = AttemptReport(exit: .signalled(signal: 9), usage: Usage(), word: nil)
}

extension AttemptID {
  /// The first attempt at a job, or a later one.
  init(_ job: JobID, _ number: Int = 1) { self.init(job: job, number: number) }
}
