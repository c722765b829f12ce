/// Where a job goes when an attempt at it has ended.
package enum AfterAttempt: Sendable, Equatable {
  /// It has ended for good: `succeeded`, `failed` or `cancelled`; with the reason where the attempt does not
  /// tell it.
  case done(JobState, because: EndReason? = nil)
  /// It waits for its next attempt until a time (`scheduled`).
  case retry(notBefore: Timestamp)
  /// It goes back to the queue at once; the attempt is not used up.
  case requeue
}
