import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceStore

/// A runner that starts nothing for real: the engine with the real store.
enum StubRunner {
  /// Starts it on a record and returns the memory that this process holds at the first start of an attempt.
  static func firstStart(
    in file: String, schedules: (SQLiteJobStore) -> Engine.ScheduleParts? = { _ in nil }
  ) async throws -> Int64 {
    let store = try SQLiteJobStore(opening: file)
    let launcher = StubLauncher()
    let policy = Policy(slots: 1, memory: .gibibytes(1), cpuMillis: 4000, maxQueued: 10_000_000)
    let engine = Engine(
      ports: Engine.Ports(
        store: store, launcher: launcher, plugins: StubPlugins(), logs: NoLogs(),
        clock: AnchoredClock(wall: MadeRecord.later), schedules: schedules(store)),
      policy: policy,
      reception: Reception(
        defaults: MadeRecord.submission(0).terms,
        machine: Limits(memory: .gibibytes(1), cpuMillis: 4000, pids: 100), maxInput: .mebibytes(1)),
      version: "0", pid: getpid(), log: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    let running = Task { try await engine.run() }
    for await _ in launcher.starts { break }
    let memory = residentBytes()
    await engine.stop()
    try await running.value
    try store.close()
    return memory
  }

  /// The memory that this process holds (`/proc/self/statm`, in pages).
  static func residentBytes() -> Int64 {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 128, file) != nil else { return 0 }
    let words = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return (words.count > 1 ? Int64(words[1]) ?? 0 : 0) * Int64(sysconf(Int32(_SC_PAGESIZE)))
  }
}

/// Tells of each start and does nothing.
private struct StubLauncher: Launcher {
  let events: AsyncStream<LaunchEvent>
  let starts: AsyncStream<Void>
  private let started: AsyncStream<Void>.Continuation
  private let end: AsyncStream<LaunchEvent>.Continuation

  init() {
    (events, end) = AsyncStream.makeStream()
    (starts, started) = AsyncStream.makeStream()
  }

  func takeOver(open: [KeptAttempt]) async throws -> [AttemptID] { [] }
  func launch(_ plan: LaunchPlan) async { started.yield() }
  func release(_ attempts: [AttemptID]) async {}
  func audit(expecting: Set<AttemptID>) async -> Audit { Audit() }
  func terminate(_ attempt: AttemptID) async {}
  func kill(_ attempt: AttemptID) async {}
  func freeze(_ attempt: AttemptID) async {}
  func thaw(_ attempt: AttemptID) async {}
  func hosts() async -> [WarmHostState] { [] }
  func reclaim() async {}
  func sample() async -> (attempts: [AttemptID: UsageSample], machine: MachineSample) {
    ([:], MachineSample())
  }

  func describe(_ file: String) async throws -> Plugin { throw BenchmarkError("nothing is described here") }
}

private struct StubPlugins: PluginSource {
  let catalogs = AsyncStream<Catalog> { stream in
    stream.yield(Catalog(plugins: [MadeRecord.plugin], refused: []))
  }
}
