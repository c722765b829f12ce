import MillraceCore
import MillraceEngine

/// A launcher whose attempts exist and end well as soon as they are asked for: what is left is the runner's
/// own work.
final class InstantLauncher: Launcher {
  let events: AsyncStream<LaunchEvent>
  private let source: AsyncStream<LaunchEvent>.Continuation

  init() { (events, source) = AsyncStream.makeStream() }

  func takeOver(open: [KeptAttempt]) async throws -> [AttemptID] { [] }

  func launch(_ plan: LaunchPlan) async {
    source.yield(.started(plan.attempt))
    source.yield(
      .ended(plan.attempt, AttemptReport(exit: .exited(code: 0), usage: Usage(), word: .done(nil))))
  }

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

  func describe(_ file: String) async throws -> Plugin {
    throw BenchmarkError("there are no plugins here: `\(file)`")
  }
}

/// One plugin with one handler.
struct OnePlugin: PluginSource {
  static let handler = "noop"

  var catalogs: AsyncStream<Catalog> {
    let plugin = Plugin(
      name: "noop", version: "1", sha256: String(repeating: "0", count: 64), path: "/noop.so",
      handlers: [Handler(name: Self.handler, summary: "does nothing")])
    return AsyncStream { continuation in
      continuation.yield(Catalog(plugins: [plugin], refused: []))
    }
  }
}

/// No output.
struct NoLogs: AttemptLogs {
  func read(_ attempt: AttemptID, from offset: Int64, atMost count: Int) async throws -> [UInt8]? { nil }
  func follow(_ attempt: AttemptID) async throws -> AsyncStream<[UInt8]>? { nil }
}
