/// Why an attempt is made to stop.
package enum StopReason: String, Sendable, Equatable {
  case cancelled, timedOut
  /// Its job has taken as long as it may in all.
  case deadline
  /// It fills its memory limit and gets nowhere.
  case thrashing
  /// Its memory is needed by others.
  case evicted
}

/// An attempt from its admission to its end: a state machine.
struct RunningAttempt: Sendable {
  /// How far it is; each case carries what is alive in it.
  enum Phase: Sendable, Equatable {
    /// Its start is asked for; `stop` is set if it is to be stopped as soon as it exists.
    case starting(stop: StopReason?)
    case running(deadline: Timestamp)
    /// Its processes are stopped by the kernel; `left` of its time is left.
    case frozen(left: Duration, since: Timestamp)
    case stopping(StopReason, killAt: Timestamp)
    case killing(StopReason)
  }

  /// What can happen to it.
  enum Event {
    case started
    case stopRequested(StopReason)
    case freezeRequested, thawRequested
    case timer
  }

  /// What the scheduler must then do.
  enum Effect: Equatable { case markRunning, freeze, thaw, terminate, kill }

  let id: AttemptID
  var job: WaitingJob
  let place: Place
  /// The build of its plugin.
  let build: String
  /// The groups that it counts in.
  let groups: [String]
  let admitted: Timestamp
  private(set) var phase = Phase.starting(stop: nil)
  private(set) var started: Timestamp?
  /// How long it was frozen so far.
  private(set) var frozenTime = Duration.zero
  var footprint: Footprint

  init(
    id: AttemptID, job: WaitingJob, place: Place = .local, build: String, groups: [String],
    admitted: Timestamp, estimate: Estimate, frozenTime: Duration = .zero
  ) {
    self.id = id
    self.job = job
    self.place = place
    self.build = build
    self.groups = groups
    self.admitted = admitted
    self.frozenTime = frozenTime
    footprint = Footprint(estimate: estimate, limits: job.limits, since: admitted)
  }

  /// Why it is being stopped; nil if it is not.
  var stopReason: StopReason? {
    switch phase {
    case .starting(let stop): stop
    case .running, .frozen: nil
    case .stopping(let reason, _), .killing(let reason): reason
    }
  }

  /// Which of its times was over when it ended, though nobody here stopped it: then a former runner did, and
  /// died before it could say so.
  func overrun(by report: AttemptReport) -> StopReason? {
    guard case .running(let deadline) = phase, let ended = report.ended, report.usage.oomKills ?? 0 == 0
    else { return nil }
    if let finishBy = job.finishBy, finishBy <= min(ended, deadline) { return .deadline }
    return deadline <= ended ? .timedOut : nil
  }

  /// In whose bounds it counts.
  var member: Membership { Membership(handler: job.handler, groups: groups) }

  /// Whether its processes are stopped by the kernel, since when.
  var frozenSince: Timestamp? { if case .frozen(_, let since) = phase { since } else { nil } }

  /// Whether it can be frozen.
  var isRunning: Bool { if case .running = phase { true } else { false } }

  /// When time alone will change it; nil if it will not.
  var nextTime: Timestamp? {
    switch phase {
    case .starting(stop: nil): place == .slurm ? job.finishBy : nil
    case .starting, .killing: nil
    case .running(let deadline): min(deadline, job.finishBy ?? deadline)
    case .frozen: job.finishBy
    case .stopping(_, let killAt): killAt
    }
  }

  /// Returns when it will have ended as far as can be told: after its expected run time; when that is over,
  /// at its deadline, for that is certain.
  func expectedEnd(at now: Timestamp) -> Timestamp {
    switch phase {
    case .starting: return now + footprint.estimate.runBound
    case .running(let deadline):
      let end = (started ?? admitted) + frozenTime + footprint.estimate.runBound
      return end > now ? end : max(deadline, now)
    case .frozen(let left, _):
      let expected = footprint.estimate.runBound - runTime(until: now)
      return now + (expected > .zero ? min(expected, left) : max(left, .zero))
    case .stopping(_, let killAt): return max(killAt, now)
    case .killing: return now
    }
  }

  /// Returns when it will have ended for certain: when the grace after its time limit is over.
  func latestEnd(at now: Timestamp) -> Timestamp {
    switch phase {
    case .starting: now + job.longest
    case .running(let deadline): max(min(deadline, job.finishBy ?? deadline), now) + job.terms.grace
    case .frozen(let left, _): now + max(left, .zero) + job.terms.grace
    case .stopping(_, let killAt): max(killAt, now)
    case .killing: now
    }
  }

  /// Returns how long it has run, frozen time left out; zero if it has not begun.
  func runTime(until now: Timestamp) -> Duration {
    guard let started else { return .zero }
    let frozenNow = frozenSince.map { now - $0 } ?? .zero
    return max(.zero, now - started - frozenTime - frozenNow)
  }

  mutating func handle(_ event: Event, at now: Timestamp) -> [Effect] {
    switch (phase, event) {
    case (.starting(stop: nil), .started):
      started = now
      phase = .running(deadline: now + job.timeout + frozenTime)
      return [.markRunning]
    case (.starting(stop: let reason?), .started):
      started = now
      phase = .stopping(reason, killAt: now + job.terms.grace)
      return [.markRunning, .terminate]
    case (.starting(let stop), .stopRequested(let reason)):
      phase = .starting(stop: stop ?? reason)
      // Here it exists in a moment; in a cluster it may wait for days.
      return place == .local || stop != nil ? [] : [.terminate]
    case (.running, .stopRequested(let reason)):
      return stop(because: reason, at: now)
    case (.frozen(_, let since), .stopRequested(let reason)):
      frozenTime += now - since
      let effects = stop(because: reason, at: now)
      return effects == [.kill] ? effects : [.thaw] + effects  // What is frozen hears no SIGTERM.
    case (.running(let deadline), .freezeRequested):
      phase = .frozen(left: deadline - now, since: now)
      return [.freeze]
    case (.frozen(let left, let since), .thawRequested):
      frozenTime += now - since
      phase = .running(deadline: now + left)
      return [.thaw]
    case (.frozen(_, let since), .timer):
      guard isTooLate(at: now) else { return [] }
      frozenTime += now - since
      return [.thaw] + stop(because: .deadline, at: now)
    case (.running(let deadline), .timer):
      if isTooLate(at: now) { return stop(because: .deadline, at: now) }
      return now >= deadline ? stop(because: .timedOut, at: now) : []
    case (.stopping(let reason, let killAt), .timer):
      guard now >= killAt else { return [] }
      phase = .killing(reason)
      return [.kill]
    case (.stopping, .stopRequested), (.killing, .stopRequested):
      return []  // The first request fixed the reason and the time.
    case (.starting(stop: nil), .timer) where place == .slurm && isTooLate(at: now):
      phase = .starting(stop: .deadline)
      return [.terminate]  // It may wait there for days.
    case (.starting, .timer), (.killing, .timer):
      return []  // They wait for others.
    case (.starting, .freezeRequested), (.frozen, .freezeRequested), (.stopping, .freezeRequested),
      (.killing, .freezeRequested), (.starting, .thawRequested), (.running, .thawRequested),
      (.stopping, .thawRequested), (.killing, .thawRequested):
      return []  // Only what runs is frozen, and only what is frozen is thawed.
    case (.running, .started), (.frozen, .started), (.stopping, .started), (.killing, .started):
      // Who takes a cluster over tells it again.
      precondition(place == .slurm, "attempt \(id) was started twice")
      return []
    }
  }

  private func isTooLate(at now: Timestamp) -> Bool { job.finishBy.map { $0 <= now } ?? false }

  /// One that gets nowhere would not come to its signal handler, and an evicted one runs again anyway: both
  /// are killed at once.
  private mutating func stop(because reason: StopReason, at now: Timestamp) -> [Effect] {
    switch reason {
    case .thrashing, .evicted:
      phase = .killing(reason)
      return [.kill]
    case .cancelled, .timedOut, .deadline:
      phase = .stopping(reason, killAt: now + job.terms.grace)
      return [.terminate]
    }
  }
}
