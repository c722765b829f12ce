extension Scheduler {
  /// Decides where a job goes after an attempt that counts already, and what it leaves to the next one.
  ///
  /// - Parameters:
  ///   - job: the job; its carryover becomes that of the next attempt.
  ///   - id: the attempt.
  ///   - end: how it ended.
  ///   - pause: how long a handler that snoozed wants to wait.
  ///   - now: the time of the end.
  /// - Returns: where the job goes.
  mutating func next(
    of job: inout WaitingJob, after id: AttemptID, _ end: AttemptEnd, pause: Duration, at now: Timestamp
  ) -> AfterAttempt {
    job.carryover.note(end, number: id.number)
    let next = wanted(&job, id, end, pause: pause, at: now)
    guard let span = job.terms.finishWithin, let last = job.finishBy else { return next }
    let isTooLate =
      switch next {
      case .done: end.failure?.code == StopReason.deadline.rawValue
      case .retry(let time): time >= last
      case .requeue: now >= last
      }
    return isTooLate ? .done(.failed, because: .deadline(span)) : next
  }

  private mutating func wanted(
    _ job: inout WaitingJob, _ id: AttemptID, _ end: AttemptEnd, pause: Duration, at now: Timestamp
  ) -> AfterAttempt {
    let carryover = job.carryover
    switch end.outcome {
    case .succeeded: return .done(.succeeded)
    case .cancelled: return .done(.cancelled)
    case .snoozed: return .retry(notBefore: now + pause)
    case .oomPressure, .evicted:
      let more = carryover.evictions - Policy.freeEvictions
      return more <= 0 ? .requeue : .retry(notBefore: now + doubled(.seconds(1), times: more))
    case .lost where end.isNodeFault:
      guard carryover.faults < policy.maxNodeFaults else { return .done(.failed) }
      return .retry(notBefore: now + doubled(.seconds(1), times: carryover.faults))
    case .lost:
      if carryover.losses < policy.maxLosses {
        return .retry(notBefore: now + doubled(.seconds(1), times: carryover.losses))
      }
      // What could not even be started has done no harm.
      return end.failure?.code == Self.notStarted
        ? .done(.failed) : .done(.failed, because: .poisoned(lost: id, times: carryover.losses))
    case .error, .crashed, .timedOut, .oomOwnLimit:
      return again(&job, end, at: now)
    }
  }

  /// After an attempt that failed by its own doing.
  private mutating func again(_ job: inout WaitingJob, _ end: AttemptEnd, at now: Timestamp) -> AfterAttempt {
    let crashes = job.carryover.crashes
    if end.outcome == .crashed, crashes.count >= policy.maxCrashes {
      return .done(.failed, because: .poisoned(job.id, by: crashes))
    }
    let rule = job.terms.retry
    guard let cause = RetryCauses(end.outcome), rule.causes.contains(cause),
      end.failure?.isRetryable ?? true, job.attemptsUsed < job.terms.maxAttempts
    else { return .done(.failed) }
    if end.outcome == .oomOwnLimit {
      let limit = job.limits.memory
      let most = largestMemory(for: job)
      guard let next = rule.memory(after: limit, peak: end.usage.memoryPeak, atMost: most) else {
        return .done(.failed, because: .memoryMax(limit))
      }
      job.carryover.memory = next
      job.carryover.shown = max(job.carryover.shown ?? .zero, min(end.usage.memoryPeak ?? limit, next), limit)
    }
    if end.outcome == .timedOut, rule.timeoutFactor > 1 {
      job.carryover.timeout = rule.timeout(after: job.timeout)
    }
    let wait = rule.delay(
      base: job.terms.retryDelay, times: job.attemptsUsed, bound: policy.maxRetryDelay,
      lot: rule.jitter > 0 ? lot.fraction() : 0)
    return .retry(notBefore: now + wait)
  }

  /// A wait that is doubled for each time before, up to the policy's bound.
  private func doubled(_ base: Duration, times: Int) -> Duration {
    RetryRule().delay(base: base, times: times, bound: policy.maxRetryDelay, lot: 0)
  }

  /// The code of the failure of an attempt that could not be started.
  static let notStarted = "not_started"
}

extension RetryCauses {
  /// The cause that an outcome is; nil if it is none.
  init?(_ outcome: Outcome) {
    switch outcome {
    case .error: self = .error
    case .crashed: self = .crashed
    case .timedOut: self = .timedOut
    case .oomOwnLimit: self = .oomOwnLimit
    case .succeeded, .cancelled, .oomPressure, .evicted, .snoozed, .lost: return nil
    }
  }
}

extension Policy {
  /// How often in a row a job that was taken back goes to the queue without a wait.
  static let freeEvictions = 3
}

extension WaitingJob {
  /// Counts an attempt in that was lost while no runner was there; returns where the job goes.
  package mutating func lose(_ attempt: AttemptID, under policy: Policy, at now: Timestamp) -> AfterAttempt {
    carryover.note(AttemptEnd(outcome: .lost, ended: now), number: attempt.number)
    waitingSince = now
    let losses = carryover.losses
    if losses >= policy.maxLosses { return .done(.failed, because: .poisoned(lost: attempt, times: losses)) }
    if let span = terms.finishWithin, let last = finishBy, last <= now {
      return .done(.failed, because: .deadline(span))
    }
    return .requeue
  }
}
