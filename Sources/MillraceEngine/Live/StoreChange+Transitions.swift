package import MillraceCore

extension StoreChange {
  /// Returns what is told of it; nothing of what only the runner itself must know. `handler` finds that of a
  /// job on record.
  package func transitions(_ handler: (JobID) throws -> String) rethrows -> [Transition] {
    switch self {
    case .accepted(let job, let submission, let time):
      return Acceptance(job: job, state: submission.firstState(at: time))
        .transitions(of: submission, workflow: nil)
    case .starting(let attempt):
      let id = attempt.id
      return [
        Transition(.jobStarting, job: id.job, handler: attempt.handler, state: .starting),
        Transition(.attemptStarting, job: id.job, attempt: id.number, handler: attempt.handler),
      ]
    case .running(let id, _):
      let handler = try handler(id.job)
      return [
        Transition(.jobRunning, job: id.job, handler: handler, state: .running),
        Transition(.attemptRunning, job: id.job, attempt: id.number, handler: handler),
      ]
    case .ended(let id, let end, let next):
      let handler = try handler(id.job)
      return [Transition(id, end, handler), Transition(next, of: id.job, handler)]
    case .closed(let job, let state, let reason, _):
      return [Transition(endOf: job, try handler(job), as: state, because: reason)]
    case .late(let id, let outcome):
      var transition = try Transition(.attemptLate, of: id, handler)
      transition.details["outcome"] = .string(outcome.rawValue)
      return [transition]
    case .frozen(let id, _): return [try Transition(.attemptFrozen, of: id, handler)]
    case .thawed(let id, _): return [try Transition(.attemptThawed, of: id, handler)]
    case .told(let transition): return [transition]
    case .memo(let memo): return memo.transitions
    case .unblocked, .due, .held, .cancelRequested, .revived, .reprioritised:
      return try courseTransition(handler).map { [$0] } ?? []
    case .carried, .announcedEnd, .announced: return []
    }
  }

  /// What is told of a job while no attempt at it changes.
  private func courseTransition(_ handler: (JobID) throws -> String) rethrows -> Transition? {
    switch self {
    case .unblocked(let job, let time?):
      Transition(.jobScheduled, job: job, handler: try handler(job), state: .scheduled, time: time)
    case .unblocked(let job, nil), .due(let job):
      Transition(.jobQueued, job: job, handler: try handler(job), state: .queued)
    case .held(let job, let isHeld):
      Transition(isHeld ? .jobHeld : .jobReleased, job: job, handler: try handler(job))
    case .cancelRequested(let job, _): Transition(.jobCancelRequested, job: job, handler: try handler(job))
    case .revived(let job, let state, _):
      Transition(.jobRevived, job: job, handler: try handler(job), state: state)
    case .reprioritised(let job, let priority):
      Transition(
        .jobReprioritised, job: job, handler: try handler(job),
        details: ["priority": .integer(Int64(priority.rawValue))])
    case .accepted, .starting, .running, .ended, .late, .closed, .frozen, .thawed, .told, .memo, .carried,
      .announcedEnd, .announced:
      nil
    }
  }
}

extension Acceptance {
  /// What is told of a submission: nothing of one that got a job which is there already.
  package func transitions(of submission: Submission, workflow: Int64?) -> [Transition] {
    guard isNew else { return [] }
    var accepted = Transition(.jobAccepted, job: job, handler: submission.handler, state: state)
    accepted.time = state == .scheduled ? submission.notBefore : nil
    accepted.details["priority"] = .integer(Int64(submission.priority.rawValue))
    if submission.isHeld { accepted.details["held"] = .bool(true) }
    if let workflow { accepted.details["workflow"] = .integer(workflow) }
    guard state == .cancelled else { return [accepted] }
    return [
      accepted, Transition(endOf: job, submission.handler, as: state, because: .dependencyOffRecord),
    ]
  }
}

extension Claim {
  /// What is told of a nominal time that got its row, behind what is told of its job.
  package func transition(job: JobID?) -> Transition {
    Transition(
      .scheduleDecided, job: job, time: tick.nominal,
      details: [
        "schedule": .string(schedule.definition.name), "fate": .string(tick.fate.rawValue),
      ])
  }
}

extension ScheduleChange {
  /// What is told of it; `name` is that of the schedule.
  package func transition(of name: String) -> Transition {
    let kind: Transition.Kind =
      switch self {
      case .add: .scheduleAdded
      case .replace: .scheduleChanged
      case .pause(_, since: _?): .schedulePaused
      case .pause(_, since: nil): .scheduleResumed
      case .remove: .scheduleRemoved
      }
    return Transition(kind, details: ["schedule": .string(name)])
  }
}

extension Transition {
  fileprivate init(_ kind: Kind, of id: AttemptID, _ handler: (JobID) throws -> String) rethrows {
    self.init(kind, job: id.job, attempt: id.number, handler: try handler(id.job))
  }

  /// An attempt has ended.
  fileprivate init(_ id: AttemptID, _ end: AttemptEnd, _ handler: String) {
    self.init(.attemptEnded, job: id.job, attempt: id.number, handler: handler)
    details["outcome"] = .string(end.outcome.rawValue)
    switch end.exit {
    case .exited(let code): details["exit_code"] = .integer(Int64(code))
    case .signalled(let signal): details["signal"] = .integer(Int64(signal))
    case nil: break
    }
  }

  /// Where a job goes after an attempt.
  fileprivate init(_ next: AfterAttempt, of job: JobID, _ handler: String) {
    switch next {
    case .done(let state, let reason): self.init(endOf: job, handler, as: state, because: reason)
    case .retry(let time):
      self.init(.jobScheduled, job: job, handler: handler, state: .scheduled, time: time)
    case .requeue: self.init(.jobQueued, job: job, handler: handler, state: .queued)
    }
  }

  /// A job has ended.
  fileprivate init(endOf job: JobID, _ handler: String, as state: JobState, because reason: EndReason?) {
    let kind: Kind =
      switch state {
      case .succeeded: .jobSucceeded
      case .failed: .jobFailed
      case .cancelled: .jobCancelled
      case .blocked, .scheduled, .queued, .starting, .running: preconditionFailure("`\(state)` is no end")
      }
    self.init(kind, job: job, handler: handler, state: state)
    if let reason { details["reason"] = .string(reason.code) }
  }
}

extension Memo {
  /// What is told of it.
  fileprivate var transitions: [Transition] {
    switch kind {
    case .boot: return []
    case .setting:
      return [
        Transition(
          .settingChanged,
          details: ["setting": .string(name), "value": value ?? .null, "persisted": .bool(value != nil)])
      ]
    case .breaker:
      var transition = Transition(.handlerBreaker, handler: name)
      transition.details["breaker"] = .string(value == nil ? "closed" : "open")
      if let failures = value?.object?["failures"] { transition.details["failures"] = failures }
      return [transition]
    case .pause:
      guard let station = Station(name: name) else { return [] }
      return [Transition(station, pause: value?.object)]
    }
  }
}

extension Transition {
  /// The runner, a handler or a group is paused, stopping, or takes jobs again.
  fileprivate init(_ station: Station, pause: [String: JSONValue]?) {
    switch station {
    case .runner: self.init(.runnerActivity)
    case .handler(let name): self.init(.handlerActivity, handler: name)
    case .group(let name): self.init(.groupActivity, details: ["group": .string(name)])
    }
    details["activity"] = pause?["state"] ?? .string("active")
    if let user = pause?["by"] { details["by"] = user }
  }
}
