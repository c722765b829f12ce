import CMillraceLinux
import Glibc
package import Logging
package import MillraceCore
package import MillraceEngine

/// Runs attempts on this machine, each in a cgroup of its own, as children of the keeper.
package final class LocalLauncher: Launcher {
  package let events: AsyncStream<LaunchEvent>
  let loop: LaunchLoop

  /// Makes a launcher and starts its thread; the keeper is started when it is first needed.
  ///
  /// This process may then open as many files as it needs, or as the system allows: a running attempt takes
  /// ten, and many systems start a service with 1,024.
  package init(tree: CgroupTree, settings: LaunchSettings, logs: LogFiles, logger: Logger) throws {
    // No bound of its own: none may be lost. An attempt has a start, an end, and ten tellings of progress a
    // second; attempts are bounded by the policy's slots.
    let (events, continuation) = AsyncStream<LaunchEvent>.makeStream()
    self.events = events
    loop = try LaunchLoop(
      tree: tree, settings: settings, logs: logs, logger: logger, events: continuation)
    try Self.raiseOpenFiles()
    try loop.start()
  }

  /// What the most attempts that may run at once take.
  private static let mostOpenFiles: UInt64 = 10 * 10_000 + 1024

  private static func raiseOpenFiles() throws {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    let number = Int32(RLIMIT_NOFILE.rawValue)
    try check(millrace_get_limit(number, &soft, &hard), "read the limit of open files")
    // Root may have more than the system gives by default; where even that is forbidden, it is what it is.
    if hard < mostOpenFiles, millrace_set_limit(number, mostOpenFiles, mostOpenFiles) == 0 { return }
    try check(millrace_set_limit(number, hard, hard), "raise the limit of open files")
  }

  package func takeOver(open: [KeptAttempt]) async throws -> [AttemptID] {
    try await withCheckedThrowingContinuation { loop.put(.takeOver(open, $0)) }
  }

  package func launch(_ plan: LaunchPlan) { loop.put(.launch([plan])) }
  package func launch(_ plans: [LaunchPlan]) { loop.put(.launch(plans)) }
  package func release(_ attempts: [AttemptID]) { loop.put(.release(attempts)) }
  package func terminate(_ attempt: AttemptID) { loop.put(.terminate(attempt)) }
  package func kill(_ attempt: AttemptID) { loop.put(.kill(attempt)) }

  package func freeze(_ attempt: AttemptID) { loop.put(.freeze(attempt)) }
  package func thaw(_ attempt: AttemptID) { loop.put(.thaw(attempt)) }

  package func sample() async -> (attempts: [AttemptID: UsageSample], machine: MachineSample) {
    await withCheckedContinuation { loop.put(.sample($0)) }
  }

  package func hosts() async -> [WarmHostState] {
    await withCheckedContinuation { loop.put(.hosts($0)) }
  }

  package func reclaim() { loop.put(.reclaim) }

  package func audit(expecting: Set<AttemptID>) async -> Audit {
    await withCheckedContinuation { loop.put(.audit(expecting, $0)) }
  }

  package func describe(_ file: String) async throws -> Plugin {
    try await withCheckedThrowingContinuation { loop.put(.describe(file, $0)) }
  }

  /// Ends the thread and the events; what runs stays with the keeper. Afterwards nothing can be asked for.
  package func stop() async {
    await withCheckedContinuation { loop.put(.stop($0)) }
  }
}
