/// What the scheduler is told.
package enum Event: Sendable {
  /// These jobs are accepted, or found on record at the start.
  case submitted([WaitingJob])
  /// These were, in the tick before, and could not be put on record: it is as if they had never come.
  case withdrawn([JobID])
  /// These are, and wait for others to end; in the place of what was known of them.
  case blocked([BlockedJob])
  /// A job ended for good without the scheduler, which was away.
  case gone(JobID, JobState)
  /// An attempt that a former runner started goes on.
  case adopted(Adoption)
  /// What attempts have shown that ended before the start, in the order of their ends.
  case learned([Evidence])
  /// These handlers can be run now.
  case handlers([String: HandlerRules])
  /// The process of an attempt exists.
  case started(AttemptID)
  /// An attempt could not be started.
  case refused(AttemptID, reason: String)
  /// All processes of an attempt are gone.
  case ended(AttemptID, AttemptReport)
  /// How the cluster is.
  case cluster(ClusterStanding)
  /// What the running attempts use now, and how the machine is.
  case sampled([AttemptID: UsageSample], MachineSample)
  /// Somebody cancels a job.
  case cancel(JobID)
  /// Somebody gives a job another priority; it keeps the time that it has waited.
  case reprioritise(JobID, Priority)
  /// Somebody holds a job, or releases it.
  case hold(JobID, Bool)
  /// Somebody pauses, resumes or drains the runner, a handler or a group.
  case operate(Station, Activity.Request)
  /// Other settings are in force.
  case policy(Policy)
  /// Jobs that had ended begin anew, all of them.
  case revive([Renewal])
  /// How breakers were when a former runner ended.
  case breakers([BreakerStanding])
  /// Somebody closes the breaker of a handler.
  case resetBreaker(String)
  /// No more starts; what runs goes on.
  case drain
  /// The time that `nextTime` named has come.
  case timer
}

extension Event {
  /// Returns events with those that make jobs known before those that may end one: on record, a job that a
  /// new one depends on had not ended; now both may be told together.
  static func knownFirst(_ events: [Event]) -> [Event] {
    events.count < 2 ? events : events.filter { !$0.mayEndJobs } + events.filter(\.mayEndJobs)
  }

  private var mayEndJobs: Bool {
    switch self {
    case .withdrawn, .gone, .refused, .ended, .cancel, .timer: true
    case .submitted, .blocked, .adopted, .learned, .handlers, .started, .cluster, .sampled, .reprioritise,
      .hold, .operate, .policy, .drain, .revive, .breakers, .resetBreaker:
      false
    }
  }
}

/// An attempt that a former runner started and that goes on.
package struct Adoption: Sendable {
  package var job: WaitingJob
  /// The number of the attempt.
  package var number: Int
  /// The build of its plugin.
  package var build: String
  package var started: Timestamp
  /// How long it was frozen.
  package var frozenTime: Duration
  package var place: Place
  /// Whether it waits in the cluster's queue, as far as is known.
  package var isStarting: Bool

  package init(
    job: WaitingJob, number: Int, build: String, started: Timestamp, frozenTime: Duration = .zero,
    place: Place = .local, isStarting: Bool = false
  ) {
    self.place = place
    self.isStarting = isStarting
    self.job = job
    self.number = number
    self.build = build
    self.started = started
    self.frozenTime = frozenTime
  }
}

/// What is to be done; the engine commits what is a `StoreChange` of it before it starts anything.
package enum Action: Sendable, Equatable {
  /// Commit a new attempt, then start it.
  case start(AttemptID, WaitingJob, Admission, Place)
  /// Commit that the process exists.
  case markRunning(AttemptID)
  /// Stop all of its processes where they are, commit it.
  case freeze(AttemptID)
  /// Let them go on, commit it.
  case thaw(AttemptID)
  /// Send SIGTERM to all of its processes.
  case terminate(AttemptID)
  /// Kill all of its processes.
  case kill(AttemptID)
  /// Close the warm hosts that nobody needs now.
  case reclaim
  /// Commit the end of an attempt and where its job goes.
  case finish(AttemptID, AttemptEnd, AfterAttempt)
  /// Commit that a job that is not running has ended.
  case close(JobID, JobState, EndReason)
  /// Commit that a running job is cancelled, so that it is even if this runner does not see its end.
  case cancelRequested(JobID)
  /// Commit what the runner, a handler or a group does now, as far as it is paused.
  case operated(Station, Activity)
  /// Commit that the time of a scheduled job has come.
  case due(JobID)
  /// Commit that a job waits for no other any more: its time comes first if it has one, then its turn.
  case unblock(JobID, notBefore: Timestamp?)
  /// Commit that a job is held, or no longer.
  case held(JobID, Bool)
  /// Commit the new priority of a job.
  case reprioritised(JobID, Priority)
  /// Commit what the attempts at a job leave to the next one.
  case carry(JobID, Carryover)
  /// Commit that a job that had ended begins anew, with other terms if they are given.
  case revive(JobID, to: JobState, terms: Terms?)
  /// Commit how the breaker of a handler is, tell the operator.
  case breaker(BreakerStanding)
  /// Tell the operator.
  case notice(Notice)
}

/// Something that an operator should know of.
package enum Notice: Hashable, Sendable {
  /// Memory is short, or no longer; with the words of the cause.
  case pressure(Pressure, cause: String)
  case frozen(AttemptID)
  case thawed(AttemptID)
  case evicted(AttemptID)
  /// A node of the cluster has failed an attempt by its own fault, and gets none for a while.
  case nodeFault(String, coolsFor: Duration, because: String)
  /// The cluster can't be asked, and why; or it can again.
  case cluster(trouble: String?)
  /// The runner, a handler or a group does something else now.
  case operated(Station, from: Activity, to: Activity)

  /// The notice in one sentence.
  package var text: String {
    switch self {
    case .pressure(.none, _): "memory pressure is over"
    case .pressure(_, let cause): "memory pressure is \(cause)"
    case .frozen(let id): "attempt \(id) is frozen: memory is critically short"
    case .thawed(let id): "attempt \(id) goes on"
    case .evicted(let id): "attempt \(id) is evicted: memory stayed critically short; its job runs again"
    case .nodeFault(let node, let wait, let reason):
      "node \(node) gets no jobs for \(wait.text): \(reason)"
    case .cluster(nil): "the cluster answers again"
    case .cluster(let trouble?): "the cluster can't be used: \(trouble)"
    case .operated(let station, let before, let after): Self.words(station, before, after)
    }
  }

  private static func words(_ station: Station, _ before: Activity, _ after: Activity) -> String {
    switch (before, after) {
    case (.stopping, .paused): "\(station.words) has drained: nothing of it runs any more"
    case (_, .paused(let pause)): "\(station.words) is paused by \(pause.by)"
    case (_, .stopping(let pause)): "\(station.words) drains: \(pause.by) has asked for it"
    case (_, .idle), (_, .running): "\(station.words) is resumed"
    }
  }
}
