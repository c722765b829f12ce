/// What the scheduler is told.
package enum Event: Sendable {
  /// These jobs are accepted, or found on record at the start.
  case submitted([WaitingJob])
  /// An attempt that a former runner started goes on; it is running since `started`.
  case adopted(WaitingJob, number: Int, started: Timestamp)
  /// These handlers can be run now, with how many of their jobs may run at once (nil: no bound).
  case handlers([String: Int?])
  /// The process of an attempt exists.
  case started(AttemptID)
  /// An attempt could not be started.
  case refused(AttemptID, reason: String)
  /// All processes of an attempt are gone.
  case ended(AttemptID, AttemptReport)
  /// What the running attempts use now.
  case sampled([AttemptID: UsageSample])
  /// Somebody cancels a job.
  case cancel(JobID)
  /// No more starts; what runs goes on.
  case drain
  /// The time that `nextTime` named has come.
  case timer
}

/// What is to be done; the engine commits what is a `StoreChange` of it before it starts anything.
package enum Action: Sendable, Equatable {
  /// Commit a new attempt, then start it.
  case start(AttemptID, handler: String, terms: Terms, priority: Priority, queued: Timestamp, Admission)
  /// Commit that the process exists.
  case markRunning(AttemptID)
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
}
