import Logging
import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine
@testable import MillraceStore

/// An engine over a real database, with fakes for the rest.
final class RunnerOnDisk: Sendable {
  let file: String
  let store: SQLiteJobStore
  let journal = Journal<String>()
  let clock: ManualClock
  let launcher: FakeLauncher
  let engine: Engine

  static let tools = Sample.plugin("tools", handlers: [Handler(name: "work", summary: "works")])

  /// Makes one; it has schedules if `source` is given, and its wall clock is its clock.
  init(
    directory: String, slots: Int, at time: Timestamp = Sample.time(0),
    source: (any ScheduleSource)? = nil
  ) throws {
    file = directory + "/millrace.sqlite"
    let store = try SQLiteJobStore(opening: DatabaseFile(path: file, patience: 0.02))
    let clock = ManualClock(time)
    (self.store, self.clock) = (store, clock)
    launcher = FakeLauncher(journal: journal)
    engine = Engine(
      ports: Engine.Ports(
        store: store, launcher: launcher, plugins: FakePluginSource(), logs: MemoryLogs(), clock: clock,
        schedules: source.map {
          Engine.ScheduleParts(
            store: store, source: $0, files: FakeFileEventSource(), wall: ManualWallClock(clock))
        }),
      policy: Policy(slots: slots, memory: .gibibytes(1), cpuMillis: 100_000),
      reception: Reception(
        defaults: Sample.terms, machine: Limits(memory: .gibibytes(1), cpuMillis: 4000, pids: 100),
        maxInput: .mebibytes(1)),
      version: "1", pid: 1, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Returns when all that was put to the engine before is done.
  func barrier() async {
    _ = try? await engine.submit([])  // Refused while there is trouble; it went through a tick all the same.
    _ = try? await engine.submit([])  // In the next tick, so the one before is over.
  }

  func submit(input: [UInt8]? = nil) async throws -> JobID {
    try await engine.submit([JobRequest(handler: "work", input: input)])[0]
  }

  func runningJob() async throws -> JobID {
    let job = try await submit()
    try await journal.wait(for: "launch \(job).1")
    await engine.take(.started(AttemptID(job: job, number: 1)))
    await barrier()
    return job
  }

  /// Demands that a job is refused for the disk's sake.
  @discardableResult
  func refuses(words: String) async throws -> Refusal {
    let refusal = try await #require(throws: Refusal.self) { try await submit() }
    #expect(refusal.kind == .storage)
    #expect(refusal.message.contains(words), "\(refusal.message)")
    #expect(refusal.message.contains("\n") == false && refusal.hint != nil)
    return refusal
  }

  func passTime(_ span: Duration) async throws {
    clock.advance(by: span)
    await barrier()
    await barrier()
  }

  /// Lets a job's attempt end and demands that this is recorded.
  func finishes(_ job: JobID) async throws {
    await engine.take(
      .ended(
        AttemptID(job: job, number: 1),
        AttemptReport(exit: .exited(code: 0), usage: Usage(), word: .done(nil))))
    #expect(try await engine.wait(for: job, atMost: .seconds(60)).state == .succeeded)
  }
}
