/// A job that waits, as far as the scheduler needs it.
package struct WaitingJob: Sendable, Equatable {
  package var id: JobID
  package var handler: String
  /// The submitter's own division of a handler's jobs; nil if none.
  package var jobClass: String?
  /// Whose use it counts as, where fair share is on; nil for nobody's.
  package var share: String?
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
  /// The most memory that an attempt at it held when it was taken away for lack of memory: the next one
  /// counts with no less, or it would be started and taken away again and again.
  var shown = Bytes.zero
  /// How long it is expected to run, by what was known when it was queued; orders the candidates for
  /// backfill.
  var expectedRun = Duration.zero
  /// Its place in the queue: smaller is sooner. Fixed when it is queued; the order between two jobs never
  /// changes with time.
  var rank: Int64 = 0

  /// Makes the scheduler's view of a job on record; `label` tells whose use it counts as, nil without fair
  /// share.
  package init(_ job: Job, sharedBy label: String? = nil) {
    id = job.id
    handler = job.submission.handler
    jobClass = job.submission.jobClass
    share = label.flatMap { job.submission.labels[$0] }
    priority = job.submission.priority
    terms = job.submission.terms
    enqueued = job.submitted
    notBefore = job.state == .scheduled ? job.notBefore : nil
    waitingSince = notBefore ?? job.submitted
    attempts = job.attempts
    attemptsUsed = job.attemptsUsed
  }
}
