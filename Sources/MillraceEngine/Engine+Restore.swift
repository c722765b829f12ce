import Logging
import MillraceCore

extension Engine {
  /// Takes up what a former runner left: jobs that wait go on waiting, attempts that the keeper still knows
  /// go on, the others are lost and start again.
  func restore() async throws {
    let jobs = try await ports.store.unfinished()
    let open = jobs.compactMap { job in
      job.openAttempt.map { KeptAttempt(attempt: $0.id, plugin: $0.plugin) }
    }
    let kept = Set(try await ports.launcher.takeOver(open: open))
    var changes: [StoreChange] = []
    for unfinished in jobs {
      let job = unfinished.job
      guard let attempt = unfinished.openAttempt else {
        put(.event(.submitted([WaitingJob(job)])))
        continue
      }
      if kept.contains(attempt.id) {
        let now = ports.clock.now()
        if attempt.started == nil { changes.append(.running(attempt.id, at: now)) }
        put(.event(.adopted(WaitingJob(job), number: attempt.id.number, started: attempt.started ?? now)))
      } else {
        changes.append(.ended(attempt.id, lostEnd(), next: .requeue))
        put(.event(.submitted([WaitingJob(job)])))
      }
    }
    sampleRing.yield()
    if !changes.isEmpty { try await ports.store.commit(changes) }
    if !jobs.isEmpty {
      log.notice(
        "record read",
        metadata: [
          "unfinished": "\(jobs.count)", "running": "\(kept.count)", "lost": "\(open.count - kept.count)",
        ])
    }
  }

  private func lostEnd() -> AttemptEnd {
    AttemptEnd(
      outcome: .lost, ended: ports.clock.now(),
      failure: Failure(
        code: "lost", message: "the runner was away and nothing of it was found", isRetryable: true))
  }
}
