extension Scheduler {
  /// Settles an attempt whose processes are all gone.
  mutating func finish(_ id: AttemptID, _ report: AttemptReport, at now: Timestamp) -> [Action] {
    let attempt = remove(id)
    let (outcome, failure) = Verdict.of(report, stop: attempt.stopReason, terms: attempt.job.terms)
    var result: JobResult?
    if case .done(let value) = report.word, outcome == .succeeded { result = value }
    var usage = report.usage
    usage.timeToPeak = attempt.footprint.timeToPeak
    if outcome.isEvidence, isLearning {
      estimates.note(evidence(of: attempt, usage, at: now))
      unpark(attempt.job.handler)
    }
    if let share = attempt.job.share {
      let part = part(of: attempt)
      shares?.charge(share, part: part, over: attempt.runTime(until: now), at: now)
    }
    var job = attempt.job
    if outcome == .oomPressure || outcome == .evicted {
      job.shown = max(job.shown, attempt.footprint.largest, usage.memoryPeak ?? .zero)
    }
    return settle(
      job, id,
      AttemptEnd(
        outcome: outcome, ended: now, exit: report.exit, usage: usage, failure: failure, result: result),
      at: now)
  }

  /// Settles an attempt that could not be started.
  mutating func lose(_ id: AttemptID, because reason: String, at now: Timestamp) -> [Action] {
    let attempt = remove(id)
    let outcome: Outcome = attempt.stopReason == .cancelled ? .cancelled : .lost
    let failure = Failure(code: "not_started", message: reason, isRetryable: true)
    return settle(attempt.job, id, AttemptEnd(outcome: outcome, ended: now, failure: failure), at: now)
  }

  private mutating func remove(_ id: AttemptID) -> RunningAttempt {
    guard let attempt = running.removeValue(forKey: id) else {
      preconditionFailure("attempt \(id) is not running")
    }
    attemptOf[id.job] = nil
    handlers.end(attempt.job.handler, groups: attempt.groups)
    return attempt
  }

  private func evidence(of attempt: RunningAttempt, _ usage: Usage, at now: Timestamp) -> Evidence {
    var cpu: Duration?
    if let user = usage.cpuUser, let system = usage.cpuSystem { cpu = user + system }
    return Evidence(
      handler: attempt.job.handler, jobClass: attempt.job.jobClass, build: attempt.build,
      started: attempt.admitted, memoryPeak: usage.memoryPeak, cpu: cpu,
      duration: attempt.runTime(until: now), timeToPeak: usage.timeToPeak)
  }

  private mutating func settle(
    _ job: WaitingJob, _ id: AttemptID, _ end: AttemptEnd, at now: Timestamp
  ) -> [Action] {
    var job = job
    if end.outcome.usesAttempt { job.attemptsUsed += 1 }
    job.losses = end.outcome == .lost ? job.losses + 1 : 0
    let next = next(of: job, after: end, at: now)
    switch next {
    case .done:
      break
    case .retry(let time):
      job.notBefore = time
      job.waitingSince = time
      enqueue(job)
    case .requeue:
      job.notBefore = nil
      job.waitingSince = now
      enqueue(job)
    }
    return [.finish(id, end, next)]
  }

  private func next(of job: WaitingJob, after end: AttemptEnd, at now: Timestamp) -> AfterAttempt {
    switch end.outcome {
    case .succeeded: .done(.succeeded)
    case .cancelled: .done(.cancelled)
    case .oomOwnLimit: .done(.failed)  // The same limit would end it again.
    case .oomPressure, .evicted: .requeue
    case .lost:
      job.losses < policy.maxLosses
        ? .retry(notBefore: now + backoff(.seconds(1), times: job.losses)) : .done(.failed)
    case .error, .crashed, .timedOut:
      end.failure?.isRetryable ?? true && job.attemptsUsed < job.terms.maxAttempts
        ? .retry(notBefore: now + backoff(job.terms.retryDelay, times: job.attemptsUsed))
        : .done(.failed)
    }
  }

  /// The wait before the next attempt: doubled for each one before, up to the policy's bound.
  private func backoff(_ base: Duration, times: Int) -> Duration {
    min(min(base, policy.maxRetryDelay) * (1 << min(max(times - 1, 0), 30)), policy.maxRetryDelay)
  }
}
