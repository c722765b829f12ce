package import Logging
package import MillraceCore
package import MillraceEngine
package import MillraceLinux

/// Runs attempts on the nodes of a Slurm cluster.
///
/// Attempts ride in bundles, each a job of Slurm; `millrace-host batch` runs them on its node. Both sides
/// talk through files of a spool (`docs/slurm.md`).
package final class SlurmLauncher: ClusterLauncher {
  package let events: AsyncStream<LaunchEvent>
  private let inbox: AsyncStream<SlurmLoop.Command>.Continuation
  private let tasks: [Task<Void, Never>]
  /// For nodes that do not share the spool; nil if they do.
  private let courier: CourierServer?

  /// Makes a launcher that begins to ask Slurm of its nodes.
  /// - Throws: `LinuxError` if the spool can't be used, or nodes can't be listened for.
  package init(settings: SlurmSettings, logs: LogFiles, logger: Logger) throws {
    // No bound of its own: none may be lost. Attempts are bounded by the policy.
    let (events, continuation) = AsyncStream<LaunchEvent>.makeStream()
    self.events = events
    let (commands, inbox) = AsyncStream<SlurmLoop.Command>.makeStream()
    self.inbox = inbox
    let spool = try SpoolDirectory(settings.spool, ledger: settings.ledger)
    var key: CourierKey?
    if let address = settings.address {
      let made = try CourierKey(file: spool.keyFile)
      key = made
      courier = try CourierServer(
        listen: settings.listen ?? address, spool: settings.spool, secret: { made.secret(of: $0) },
        log: logger)
    } else {
      courier = nil
    }
    let loop = SlurmLoop(
      settings: settings, spool: spool, key: key, logs: logs, logger: logger, events: continuation,
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
    courier?.stop()
    tasks[1].cancel()
    await withCheckedContinuation { inbox.yield(.end($0)) }
    inbox.finish()
    for task in tasks { await task.value }
  }
}
