package import Logging
package import MillraceCore
package import MillraceEngine
package import MillraceLinux

/// Runs attempts on the nodes of a Slurm cluster.
///
/// Attempts ride in bundles, each a job of Slurm; `millrace-host batch` runs them on its node. Both sides
/// talk through files of a spool, which a courier brings to nodes that do not share it (`docs/slurm.md`).
package final class SlurmLauncher: ClusterLauncher {
  package let events: AsyncStream<LaunchEvent>
  private let inbox: AsyncStream<SlurmLoop.Command>.Continuation
  private let tasks: [Task<Void, Never>]
  /// What nodes talk to that do not share the spool; nil if they do.
  private let courier: CourierServer?

  /// Makes a launcher that begins to ask Slurm of its nodes.
  /// - Throws: `LinuxError` if the spool or the address can't be used.
  package init(settings: SlurmSettings, logs: LogFiles, logger: Logger) throws {
    // No bound of its own: none may be lost. Attempts are bounded by the policy.
    let (events, continuation) = AsyncStream<LaunchEvent>.makeStream()
    self.events = events
    let (commands, inbox) = AsyncStream<SlurmLoop.Command>.makeStream()
    self.inbox = inbox
    let spool = try SpoolDirectory(settings.spool, ledger: settings.ledger)
    let key = try settings.address.map { _ in try CourierKey(file: settings.spool + "/courier.key") }
    courier =
      if let address = settings.address, let key {
        try CourierServer(
          listen: address, spool: settings.spool, secret: { key.secret(of: $0) }, log: logger)
      } else { nil }
    let loop = SlurmLoop(
      settings: settings, spool: spool, logs: logs, logger: logger, key: key, events: continuation,
      inbox: inbox)
    let work = Task { for await command in commands { await loop.handle(command) } }
    let ticking = Task {
      // Each is answered before the next one: they never pile up.
      while !Task.isCancelled {
        await withCheckedContinuation { answer in
          if case .terminated = inbox.yield(.tick(answer)) { answer.resume() }
        }
        try? await Task.sleep(for: settings.look)  // It is cancelled at the end.
      }
    }
    tasks = [work, ticking]
  }

  package func takeOver(open: [KeptAttempt]) async throws -> [AttemptID] {
    try await withCheckedThrowingContinuation { inbox.yield(.takeOver(open, $0)) }
  }

  package func launch(_ plans: [LaunchPlan]) { inbox.yield(.launch(plans)) }
  package func release(_ attempts: [AttemptID]) { inbox.yield(.release(attempts)) }
  package func terminate(_ attempt: AttemptID) { inbox.yield(.stop(attempt, .term)) }
  package func kill(_ attempt: AttemptID) { inbox.yield(.stop(attempt, .kill)) }

  /// Ends all activity here and the events; what runs goes on. Afterwards nothing can be asked for.
  package func stop() async {
    tasks[1].cancel()
    await withCheckedContinuation { inbox.yield(.end($0)) }
    inbox.finish()
    for task in tasks { await task.value }
    courier?.stop()
  }
}
