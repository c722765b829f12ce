/// What the scheduler is told.
package enum Event: Sendable {
  /// These jobs are accepted, or found on record at the start.
  case submitted([WaitingJob])
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
  /// What the running attempts use now, and how the machine is.
  case sampled([AttemptID: UsageSample], MachineSample)
  /// Somebody cancels a job.
  case cancel(JobID)
  /// Somebody gives a job another priority; it keeps the time that it has waited.
  case reprioritise(JobID, Priority)
  /// No more starts; what runs goes on.
  case drain
  /// The time that `nextTime` named has come.
  case timer
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

  package init(
    job: WaitingJob, number: Int, build: String, started: Timestamp, frozenTime: Duration = .zero
  ) {
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
  case start(AttemptID, WaitingJob, Admission)
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
  /// Commit the end of an attempt and where its job goes.
  case finish(AttemptID, AttemptEnd, AfterAttempt)
  /// Commit that a waiting job was cancelled.
  case cancelled(JobID)
  /// Commit that the time of a scheduled job has come.
  case due(JobID)
  /// Commit the new priority of a job.
  case reprioritised(JobID, Priority)
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

  /// The notice in one sentence.
  package var text: String {
    switch self {
    case .pressure(.none, _): "memory pressure is over"
    case .pressure(_, let cause): "memory pressure is \(cause)"
    case .frozen(let id): "attempt \(id) is frozen: memory is critically short"
    case .thawed(let id): "attempt \(id) goes on"
    case .evicted(let id): "attempt \(id) is evicted: memory stayed critically short; its job runs again"
    }
  }
}
