extension Policy {
  /// Returns a job's place in the queue: smaller is sooner, in microseconds.
  ///
  /// It never changes with time, so neither does the order between two jobs; `aging` later, a job is worth
  /// one step of priority more than a newcomer.
  func rank(of job: WaitingJob, expecting estimate: Estimate) -> Int64 {
    job.enqueued.rawValue - Int64(job.priority.rawValue) * aging.microseconds
  }
}
