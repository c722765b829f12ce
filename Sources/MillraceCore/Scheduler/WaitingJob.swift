/// A job that waits, as far as the scheduler needs it.
package struct WaitingJob: Sendable, Equatable {
  package var id: JobID
  package var handler: String
  package var priority: Priority
  package var terms: Terms
  /// When it was submitted; retries keep it, so that a job does not lose its place.
  package var enqueued: Timestamp
  /// When it began to wait for its next attempt.
  package var waitingSince: Timestamp
  /// The earliest start; nil if it may start now.
  package var notBefore: Timestamp?
  /// How many attempts were started.
  package var attempts: Int
  /// How many of them count.
  package var attemptsUsed: Int
  /// How many in a row were lost.
  package var losses = 0

  /// Makes the scheduler's view of a job on record.
  package init(_ job: Job) {
    id = job.id
    handler = job.submission.handler
    priority = job.submission.priority
    terms = job.submission.terms
    enqueued = job.submitted
    notBefore = job.state == .scheduled ? job.notBefore : nil
    waitingSince = notBefore ?? job.submitted
    attempts = job.attempts
    attemptsUsed = job.attemptsUsed
  }

  /// The place in the queue: smaller is sooner. It never changes with time, so neither does the order
  /// between two jobs; `aging` later, a job is worth one step of priority more than a newcomer.
  func rank(aging: Duration) -> Int64 {
    enqueued.rawValue - Int64(priority.rawValue) * aging.microseconds
  }

  /// The memory that it is expected to need.
  var estimate: Bytes { terms.limits.memory }
}
