extension Scheduler {
  /// Settles an attempt whose processes are all gone.
  mutating func finish(_ id: AttemptID, _ report: AttemptReport, at now: Timestamp) -> [Action] {
    let attempt = remove(id)
    // What began far away was seen later than that.
    let earliest = report.ran == nil ? attempt.started ?? now : attempt.admitted
    let ended = min(max(report.ended ?? now, earliest), now)
    let ran = report.ran ?? attempt.runTime(until: ended)
    let stop = attempt.stopReason ?? attempt.overrun(by: report)
    let (outcome, failure) = Verdict.of(report, stop: stop, job: attempt.job)
    var result: JobResult?
    if case .done(let value) = report.word, outcome == .succeeded { result = value }
    var usage = report.usage
    usage.timeToPeak = attempt.footprint.timeToPeak
    if outcome.isEvidence, isLearning {
      estimates.note(evidence(of: attempt, usage, ran))
      unpark(attempt.job.handler)
    }
    if let share = attempt.job.share {
      let part = part(of: attempt)
      shares?.charge(share, part: part, over: ran, at: now)
    }
    var end = AttemptEnd(
      outcome: outcome, ended: ended, exit: report.exit, usage: usage, failure: failure, result: result)
    end.checkpoint = report.checkpoint
    end.tier = report.tier
    end.whereabouts = report.whereabouts
    end.began = report.ran.map { max(ended - $0, attempt.admitted) }
    var pause = Duration.zero
    if case .snoozed(let delay, _) = report.word, outcome == .snoozed { pause = delay }
    return judgeNode(of: report, at: now) + settle(attempt, end, pause: pause, at: now)
  }

  /// Settles an attempt that could not be started.
  mutating func lose(_ id: AttemptID, because reason: String, at now: Timestamp) -> [Action] {
    let attempt = remove(id)
    let outcome: Outcome = attempt.stopReason == .cancelled ? .cancelled : .lost
    let failure = Failure(code: Self.notStarted, message: reason, isRetryable: true)
    let end = AttemptEnd(outcome: outcome, ended: now, failure: failure)
    return settle(attempt, end, pause: .zero, at: now)
  }

  /// Forgets a job of which nothing has happened yet but decisions. A rate counts a start that came of it.
  mutating func withdraw(_ job: JobID) -> [Action] {
    guard let id = attemptOf[job] else {
      _ = takeOut(job)  // Nil: it was closed at once.
      return []
    }
    let attempt = remove(id)
    // The breaker may have let it start as the one that is tried: the next one takes its place.
    return judge(attempt, AttemptEnd(outcome: .lost, ended: attempt.admitted), at: attempt.admitted)
  }

  private mutating func remove(_ id: AttemptID) -> RunningAttempt {
    guard let attempt = running[id] else { preconditionFailure("attempt \(id) is not running") }
    running[id] = nil
    attemptOf[id.job] = nil
    handlers.end(attempt.member)
    return attempt
  }

  private func evidence(of attempt: RunningAttempt, _ usage: Usage, _ ran: Duration) -> Evidence {
    var cpu: Duration?
    if let user = usage.cpuUser, let system = usage.cpuSystem { cpu = user + system }
    return Evidence(
      handler: attempt.job.handler, jobClass: attempt.job.jobClass, build: attempt.build,
      started: attempt.admitted, memoryPeak: usage.memoryPeak, cpu: cpu,
      duration: ran, timeToPeak: usage.timeToPeak)
  }

  private mutating func settle(
    _ attempt: RunningAttempt, _ end: AttemptEnd, pause: Duration, at now: Timestamp
  ) -> [Action] {
    var job = attempt.job
    let before = job.carryover
    if end.outcome == .oomPressure || end.outcome == .evicted {
      let shown = max(attempt.footprint.largest, end.usage.memoryPeak ?? .zero)
      job.carryover.shown = max(job.carryover.shown ?? .zero, shown)
    }
    if end.outcome.usesAttempt { job.attemptsUsed += 1 }
    var next = next(of: &job, after: attempt.id, end, pause: pause, at: now)
    if job.isCancelled, next != .done(.succeeded) { next = .done(.cancelled) }
    var actions = [Action.finish(attempt.id, end, next)]
    switch next {
    case .done:
      return actions + judge(attempt, end, at: now)
    case .retry(let time):
      job.notBefore = time
      job.waitingSince = time
    case .requeue:
      job.notBefore = nil
      job.waitingSince = now
    }
    if job.carryover != before { actions.append(.carry(job.id, job.carryover)) }
    enqueue(job)
    return actions + judge(attempt, end, at: now)
  }
}
