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
    var found: [Event] = [.learned(try await ports.store.evidence(lastOfEach: learningWindow))]
    for unfinished in jobs {
      var job = WaitingJob(unfinished.job, sharedBy: scheduler.policy.fairShare?.label)
      job.losses = try await losses(of: unfinished.job)
      guard let attempt = unfinished.openAttempt else {
        found.append(.submitted([job]))
        continue
      }
      if kept.contains(attempt.id) {
        let now = ports.clock.now()
        if attempt.started == nil { changes.append(.running(attempt.id, at: now)) }
        if attempt.frozenSince != nil { changes.append(.thawed(attempt.id, at: now)) }
        found.append(.adopted(adoption(of: attempt, by: job, at: now)))
        continue
      }
      job.losses += 1
      job.waitingSince = ports.clock.now()
      let isLastLoss = job.losses >= scheduler.policy.maxLosses
      changes.append(.ended(attempt.id, lostEnd(), next: isLastLoss ? .done(.failed) : .requeue))
      if !isLastLoss { found.append(.submitted([job])) }
    }
    if !changes.isEmpty { try await ports.store.commit(changes) }
    // Before whatever came in meanwhile: a cancellation must find its job.
    inbox = found.map(Input.event) + inbox
    ring.yield()
    if !jobs.isEmpty {
      log.notice(
        "record read",
        metadata: [
          "unfinished": "\(jobs.count)", "running": "\(kept.count)", "lost": "\(open.count - kept.count)",
        ])
    }
  }

  private var learningWindow: Int { scheduler.policy.learning.window }

  private func adoption(of attempt: Attempt, by job: WaitingJob, at now: Timestamp) -> Adoption {
    let frozenNow = attempt.frozenSince.map { now - $0 } ?? .zero
    return Adoption(
      job: job, number: attempt.id.number, build: attempt.pluginSHA256, started: attempt.started ?? now,
      frozenTime: attempt.frozenTime + frozenNow)
  }

  /// How many attempts at a job were lost in a row, up to the last one that has ended: a job that brings the
  /// machine down each time must not do so for ever.
  private func losses(of job: Job) async throws -> Int {
    guard job.attempts > job.attemptsUsed else { return 0 }
    let outcomes = try await ports.store.attempts(of: job.id).compactMap { $0.end?.outcome }
    return outcomes.reversed().prefix { $0 == .lost }.count
  }

  private func lostEnd() -> AttemptEnd {
    AttemptEnd(
      outcome: .lost, ended: ports.clock.now(),
      failure: Failure(
        code: "lost", message: "the runner was away and nothing of it was found", isRetryable: true))
  }
}
