import Logging
import MillraceCore

extension Engine {
  /// Takes up what a former runner left: jobs that wait go on waiting, attempts that the keeper still knows
  /// go on, the others are lost and start again.
  func restore() async throws {
    let unfinished = try await unfinishedJobs()
    let jobs = unfinished.others
    let open = jobs.compactMap(\.openAttempt)
    let kept = try await takeOver(open)
    var changes: [StoreChange] = []
    let memos = try await ports.store.memos()
    let formerBoot = memos.first { $0.kind == .boot }?.value
    let isRebooted = boot != nil && formerBoot != nil && formerBoot != boot.map { .string($0) }
    if let boot, formerBoot != .string(boot) { changes.append(.memo(Memo(.boot, "id", .string(boot)))) }
    var found = restoreSettings(memos)
    found.append(.learned(try await ports.store.evidence(lastOfEach: learningWindow)))
    found.append(.breakers(memos.compactMap(\.breaker)))
    let unended = Set(unfinished.waiting.map(\.id) + jobs.map(\.job.id))
    var waiting = unfinished.waiting
    for unfinished in jobs {
      guard let attempt = unfinished.openAttempt else {
        found.append(try await blocked(unfinished.job, unended: unended, &changes))
        continue
      }
      var job = WaitingJob(unfinished.job, sharedBy: scheduler.policy.fairShare?.label)
      if kept.contains(attempt.id) {
        let now = ports.clock.now()
        if attempt.started == nil, attempt.place == .local { changes.append(.running(attempt.id, at: now)) }
        if attempt.frozenSince != nil { changes.append(.thawed(attempt.id, at: now)) }
        found.append(.adopted(adoption(of: attempt, by: job, at: now)))
        continue
      }
      var next = job.lose(attempt.id, under: scheduler.policy, at: ports.clock.now())
      let end: JobState = unfinished.job.cancelRequested == nil ? .failed : .cancelled
      if next != .requeue, end == .cancelled { next = .done(.cancelled) }
      changes.append(.ended(attempt.id, lostEnd(isRebooted), next: next))
      meters.lost(attempt, next)
      guard next == .requeue else {
        found.append(.gone(job.id, end))
        continue
      }
      changes.append(.carried(job.id, job.carryover))
      waiting.append(job)
    }
    found.append(.submitted(waiting))
    // What was asked for in the time of a former runner must hold on: cancellations, and what is paused.
    found += unfinished.cancelled.map { .cancel($0) }
    found += memos.filter { $0.kind == .pause }.compactMap(\.pauseEvent)
    if !changes.isEmpty { try await ports.store.commit(changes, at: ports.clock.now()) }
    // Before whatever came in meanwhile: a cancellation must find its job.
    inbox.putFirst(found.map(Input.event))
    ring.yield()
    if !kept.isEmpty { auditRing.yield() }
    if unfinished.count > 0 {
      log.notice(
        "record read",
        metadata: [
          "unfinished": "\(unfinished.count)", "running": "\(kept.count)",
          "lost": "\(open.count - kept.count)",
        ])
    }
  }

  /// The jobs on record that have not ended.
  private struct Unfinished {
    /// Those that wait for their turn or their time, as the scheduler knows them: there can be a million.
    var waiting: [WaitingJob] = []
    /// Those that are blocked or have an open attempt.
    var others: [UnfinishedJob] = []
    /// Those of which somebody asked for the cancellation.
    var cancelled: [JobID] = []

    var count: Int { waiting.count + others.count }
  }

  /// How many jobs are read at a time.
  private static let page = 1000

  private func unfinishedJobs() async throws -> Unfinished {
    var unfinished = Unfinished()
    var last = JobID(0)
    while true {
      let page = try await ports.store.unfinished(after: last, atMost: Self.page)
      for found in page {
        if found.job.cancelRequested != nil { unfinished.cancelled.append(found.job.id) }
        if found.openAttempt == nil, found.job.state != .blocked {
          var job = WaitingJob(found.job, sharedBy: scheduler.policy.fairShare?.label)
          if let other = unfinished.waiting.last { job.shareTerms(with: other) }
          unfinished.waiting.append(job)
        } else {
          unfinished.others.append(found)
        }
      }
      guard page.count == Self.page, let end = page.last?.job.id else { return unfinished }
      last = end
    }
  }

  /// What the scheduler is told of a job that waits for others: which of these have not ended.
  private func blocked(
    _ job: Job, unended: Set<JobID>, _ changes: inout [StoreChange]
  ) async throws -> Event {
    var open: [Dependency] = []
    var broken: EndReason?
    for dependency in job.submission.after {
      guard case .job(let needed) = dependency.needed else { continue }
      if unended.contains(needed) {
        open.append(dependency)
      } else if broken == nil, let state = try await ports.store.job(needed)?.state,
        !dependency.condition.isMet(by: state)
      {
        broken = .dependency(needed, state, neededAs: dependency.condition)
      }
    }
    // With all met it would be on its way.
    if job.isHeld, open.isEmpty, broken == nil { broken = .dependencyOffRecord }
    var waiting = WaitingJob(job, sharedBy: scheduler.policy.fairShare?.label)
    guard open.isEmpty, broken == nil else {
      return .blocked([
        BlockedJob(
          waiting, waitsFor: open, onDependencyFailure: job.submission.onDependencyFailure, broken: broken)
      ])
    }
    // All is met: it was on its way when the runner went.
    let now = ports.clock.now()
    waiting.notBefore = waiting.notBefore.flatMap { $0 > now ? $0 : nil }
    changes.append(.unblocked(job.id, notBefore: waiting.notBefore))
    return .submitted([waiting])
  }

  private func adoption(of attempt: Attempt, by job: WaitingJob, at now: Timestamp) -> Adoption {
    meters.adopted(attempt, at: now)
    let frozenNow = attempt.frozenSince.map { now - $0 } ?? .zero
    return Adoption(
      job: job, number: attempt.id.number, build: attempt.pluginSHA256, started: attempt.started ?? now,
      frozenTime: attempt.frozenTime + frozenNow, place: attempt.place,
      isStarting: attempt.place == .slurm && attempt.started == nil)
  }

  private func lostEnd(_ isRebooted: Bool) -> AttemptEnd {
    let words =
      isRebooted
      ? "the machine was started anew while it ran" : "the runner was away and nothing of it was found"
    return AttemptEnd(
      outcome: .lost, ended: ports.clock.now(),
      failure: Failure(code: "lost", message: words, isRetryable: true))
  }
}
