/// Something that became different, as those are told who follow the runner.
///
/// It says that and how, never with what: no parameter, input, environment or word of a handler is in it.
package struct Transition: Hashable, Sendable {
  /// What became different.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    case jobAccepted = "job.accepted"
    /// It waits for its time.
    case jobScheduled = "job.scheduled"
    /// It waits for its turn, for the first time or again.
    case jobQueued = "job.queued"
    case jobStarting = "job.starting"
    case jobRunning = "job.running"
    case jobSucceeded = "job.succeeded"
    case jobFailed = "job.failed"
    case jobCancelled = "job.cancelled"
    /// It has ended and begins anew.
    case jobRevived = "job.revived"
    case jobHeld = "job.held"
    case jobReleased = "job.released"
    /// Somebody wants it cancelled while it runs.
    case jobCancelRequested = "job.cancel-requested"
    case jobReprioritised = "job.reprioritised"
    case attemptStarting = "attempt.starting"
    case attemptRunning = "attempt.running"
    case attemptFrozen = "attempt.frozen"
    case attemptThawed = "attempt.thawed"
    case attemptEnded = "attempt.ended"
    /// It was lost, and has ended after all.
    case attemptLate = "attempt.late"
    case scheduleAdded = "schedule.added"
    case scheduleChanged = "schedule.changed"
    case schedulePaused = "schedule.paused"
    case scheduleResumed = "schedule.resumed"
    case scheduleRemoved = "schedule.removed"
    /// What becomes of one of its nominal times.
    case scheduleDecided = "schedule.decided"
    case handlerLoaded = "handler.loaded"
    case handlerRemoved = "handler.removed"
    case handlerBreaker = "handler.breaker"
    /// It is paused, stopping, or takes jobs again; the same of a group and of the runner.
    case handlerActivity = "handler.activity"
    case groupActivity = "group.activity"
    case runnerActivity = "runner.activity"
    case pluginRefused = "plugin.refused"
    case pressureChanged = "pressure.changed"
    case settingChanged = "setting.changed"
  }

  package var kind: Kind
  package var job: JobID?
  /// The number of the attempt at the job; nil if it is about none.
  package var attempt: Int?
  package var handler: String?
  /// The state that the job has then; nil if that has not changed.
  package var state: JobState?
  /// When a job will be queued, or for which time a schedule made a decision.
  package var time: Timestamp?
  /// What else there is to say; names in `snake_case`.
  package var details: [String: JSONValue]

  package init(
    _ kind: Kind, job: JobID? = nil, attempt: Int? = nil, handler: String? = nil, state: JobState? = nil,
    time: Timestamp? = nil, details: [String: JSONValue] = [:]
  ) {
    self.kind = kind
    self.job = job
    self.attempt = attempt
    self.handler = handler
    self.state = state
    self.time = time
    self.details = details
  }
}

/// The transitions of one commit, or a part of them. Their numbers go on from those before without a gap.
package struct TransitionRow: Hashable, Sendable {
  /// The number of its last transition.
  package var last: Int64
  /// When they were committed, by the engine's clock.
  package var time: Timestamp
  /// At least one.
  package var transitions: [Transition]

  /// The number of its first transition.
  package var first: Int64 { last - Int64(transitions.count) + 1 }

  package init(last: Int64, time: Timestamp, transitions: [Transition]) {
    self.last = last
    self.time = time
    self.transitions = transitions
  }

  /// So many transitions are in a row: the commit of a large batch has several.
  package static let largest = 500

  /// Returns the rows of a commit; `last` is the number of the transition before it, 0 if there was none.
  package static func rows(of transitions: [Transition], after last: Int64, at time: Timestamp) -> [Self] {
    stride(from: 0, to: transitions.count, by: largest).map { start in
      let end = min(start + largest, transitions.count)
      return Self(last: last + Int64(end), time: time, transitions: Array(transitions[start..<end]))
    }
  }
}
