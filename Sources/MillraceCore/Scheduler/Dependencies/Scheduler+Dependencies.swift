extension Scheduler {
  /// How many jobs wait for others to end.
  package var blockedCount: Int { dependencies.count }

  /// Takes jobs in that wait for others.
  mutating func block(_ jobs: [BlockedJob]) {
    for blocked in jobs {
      precondition(
        waiting[blocked.job.id] == nil && attemptOf[blocked.job.id] == nil,
        "job \(blocked.job.id) is known already")
      leaveBook(blocked.job.id)
      dependencies.insert(blocked)
      lines.join(blocked.job.id, handlers.lines(of: membership(of: blocked.job)))
      watchExpiry(of: blocked.job)
    }
  }

  /// Forgets a job that waited for others; nil if it did not.
  @discardableResult
  mutating func leaveBook(_ id: JobID) -> WaitingJob? {
    guard let job = dependencies.remove(id) else { return nil }
    lines.leave(id, handlers.lines(of: membership(of: job)))
    forgetExpiry(of: job)
    return job
  }

  /// Returns actions with what the ends among them mean for the jobs that wait for those.
  mutating func withConsequences(_ actions: [Action], at now: Timestamp) -> [Action] {
    guard dependencies.count > 0 else { return actions }
    return actions + consequences(of: actions.compactMap(\.endOfJob), at: now)
  }

  /// Settles the dependencies on jobs that have ended, and on those that end by that, and so on.
  mutating func consequences(of ends: [(JobID, JobState)], at now: Timestamp) -> [Action] {
    var ends = ends
    var actions: [Action] = []
    var next = 0
    while next < ends.count {
      for consequence in dependencies.settle(ends[next].0, ends[next].1) {
        let action = action(for: consequence, at: now)
        actions.append(action)
        if let end = action.endOfJob { ends.append(end) }
      }
      next += 1
    }
    return actions
  }

  private mutating func action(for consequence: DependencyBook.Consequence, at now: Timestamp) -> Action {
    switch consequence {
    case .free(let job):
      lines.leave(job.id, handlers.lines(of: membership(of: job)))
      return unblock(job, at: now)
    case .closed(let job, let reason):
      lines.leave(job.id, handlers.lines(of: membership(of: job)))
      return .close(job.id, .cancelled, reason)
    case .held(let id):
      return .held(id, true)
    }
  }

  /// Lets a job wait for its time or its turn that needs nobody any more.
  private mutating func unblock(_ job: WaitingJob, at now: Timestamp) -> Action {
    var job = job
    forgetExpiry(of: job)  // It has one again where it waits from now on.
    job.notBefore = job.notBefore.flatMap { $0 > now ? $0 : nil }
    job.waitingSince = job.notBefore ?? now
    enqueue(job)
    return .unblock(job.id, notBefore: job.notBefore)
  }

  /// Forgets a job that waited for others; it is submitted anew.
  package mutating func forget(blocked job: JobID) { leaveBook(job) }

  /// Cancels a job that waits for others; nil if it does not.
  mutating func cancelBlocked(_ job: JobID) -> [Action]? {
    leaveBook(job).map { _ in [.close(job, .cancelled, .cancelled)] }
  }

  /// Lets a job start that is held because a dependency can't be met any more, whatever became of that.
  ///
  /// - Returns: nil if it is not held for that.
  mutating func releaseBroken(_ job: JobID, at now: Timestamp) -> [Action]? {
    guard dependencies.broken(job) != nil else { return nil }
    let rest = dependencies.waits(of: job) ?? []
    guard var freed = leaveBook(job) else { return nil }
    freed.isHeld = false
    guard rest.isEmpty else {
      block([BlockedJob(freed, waitsFor: rest, onDependencyFailure: .hold)])
      return [.held(job, false)]
    }
    return [.held(job, false), unblock(freed, at: now)]
  }

  /// What the gate of dependencies says of a job.
  func dependencyVerdict(_ id: JobID) -> GateVerdict {
    if let broken = dependencies.broken(id) {
      return GateVerdict(gate: .dependency, isOpen: false, subject: broken.message)
    }
    let waits = dependencies.waits(of: id) ?? []
    guard !waits.isEmpty else { return GateVerdict(gate: .dependency, isOpen: true) }
    var words = waits.prefix(Self.shownDependencies).map(\.words)
    if waits.count > words.count { words.append("\(waits.count - words.count) more") }
    return GateVerdict(
      gate: .dependency, isOpen: false, need: Int64(waits.count), subject: words.joined(separator: ", "))
  }

  /// More are only counted.
  private static var shownDependencies: Int { 10 }
}

extension Dependency {
  /// The job and the condition: `41 (ok)`.
  fileprivate var words: String {
    switch needed {
    case .job(let id): "\(id) (\(condition.rawValue))"
    case .position(let place): "the job at place \(place) (\(condition.rawValue))"
    }
  }
}

extension Action {
  /// The job that this ends for good, and how; nil if it ends none.
  var endOfJob: (JobID, JobState)? {
    switch self {
    case .finish(let id, _, .done(let state, _)): (id.job, state)
    case .close(let job, let state, _): (job, state)
    case .finish(_, _, .retry), .finish(_, _, .requeue), .reclaim, .start, .markRunning, .freeze, .thaw,
      .terminate,
      .kill, .cancelRequested, .operated, .due, .unblock, .held, .reprioritised, .carry, .revive, .breaker,
      .notice:
      nil
    }
  }
}
