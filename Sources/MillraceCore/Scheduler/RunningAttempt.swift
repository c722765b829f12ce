/// Why an attempt is made to stop.
package enum StopReason: String, Sendable, Equatable {
  case cancelled, timedOut
  /// It fills its memory limit and gets nowhere.
  case thrashing
}

/// An attempt from its admission to its end: a state machine.
struct RunningAttempt: Sendable {
  /// How far it is; each case carries what is alive in it.
  enum Phase: Sendable, Equatable {
    /// Its start is asked for; `stop` is set if it is to be stopped as soon as it exists.
    case starting(stop: StopReason?)
    case running(deadline: Timestamp)
    case stopping(StopReason, killAt: Timestamp)
    case killing(StopReason)
  }

  /// What can happen to it.
  enum Event {
    case started
    case stopRequested(StopReason)
    case timer
  }

  /// What the scheduler must then do.
  enum Effect: Equatable { case markRunning, terminate, kill }

  let id: AttemptID
  var job: WaitingJob
  let admitted: Timestamp
  private(set) var phase = Phase.starting(stop: nil)
  var footprint: Footprint

  init(id: AttemptID, job: WaitingJob, admitted: Timestamp) {
    self.id = id
    self.job = job
    self.admitted = admitted
    footprint = Footprint(estimate: job.estimate, limits: job.terms.limits, since: admitted)
  }

  /// Why it is being stopped; nil if it is not.
  var stopReason: StopReason? {
    switch phase {
    case .starting(let stop): stop
    case .running: nil
    case .stopping(let reason, _), .killing(let reason): reason
    }
  }

  /// When time alone will change it; nil if it will not.
  var nextTime: Timestamp? {
    switch phase {
    case .starting, .killing: nil
    case .running(let deadline): deadline
    case .stopping(_, let killAt): killAt
    }
  }

  mutating func handle(_ event: Event, at now: Timestamp) -> [Effect] {
    switch (phase, event) {
    case (.starting(stop: nil), .started):
      phase = .running(deadline: now + job.terms.timeout)
      return [.markRunning]
    case (.starting(stop: let reason?), .started):
      phase = .stopping(reason, killAt: now + job.terms.grace)
      return [.markRunning, .terminate]
    case (.starting(let stop), .stopRequested(let reason)):
      phase = .starting(stop: stop ?? reason)
      return []
    case (.running, .stopRequested(.thrashing)):
      phase = .killing(.thrashing)
      return [.kill]  // It makes no progress: it would not come to its signal handler.
    case (.running, .stopRequested(let reason)):
      phase = .stopping(reason, killAt: now + job.terms.grace)
      return [.terminate]
    case (.running(let deadline), .timer):
      guard now >= deadline else { return [] }
      phase = .stopping(.timedOut, killAt: now + job.terms.grace)
      return [.terminate]
    case (.stopping(let reason, let killAt), .timer):
      guard now >= killAt else { return [] }
      phase = .killing(reason)
      return [.kill]
    case (.stopping, .stopRequested), (.killing, .stopRequested):
      return []  // The first request fixed the reason and the time.
    case (.starting, .timer), (.killing, .timer):
      return []  // They wait for the launcher alone.
    case (.running, .started), (.stopping, .started), (.killing, .started):
      preconditionFailure("attempt \(id) was started twice")
    }
  }
}
