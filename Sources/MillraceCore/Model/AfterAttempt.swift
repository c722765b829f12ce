/// Where a job goes when an attempt at it has ended.
package enum AfterAttempt: Sendable, Equatable {
  /// It has ended for good: `succeeded`, `failed` or `cancelled`.
  case done(JobState)
  /// It waits for its next attempt until a time (`scheduled`).
  case retry(notBefore: Timestamp)
  /// It goes back to the queue at once; the attempt is not used up.
  case requeue
}
