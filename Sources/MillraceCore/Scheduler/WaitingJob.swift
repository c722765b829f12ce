/// A job that waits, as far as the scheduler needs it.
package struct WaitingJob: Sendable, Equatable {
  package var id: JobID
  package var handler: String
  /// The submitter's own division of a handler's jobs; nil if none.
  package var jobClass: String?
  /// Whose use it counts as, where fair share is on; nil for nobody's.
  package var share: String?
  /// The group that it chose; nil for none.
  package var group: String?
  /// Whether it waits until somebody releases it.
  package var isHeld: Bool
  package var priority: Priority
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
  /// Whether it is cancelled: however its attempt ends, there is no other one.
  var isCancelled = false
  /// How long it is expected to run, by what was known when it was queued; orders the candidates for
  /// backfill.
  var expectedRun = Duration.zero
  /// Where its next attempt may run, by what was known when it was queued.
  var placement = Placement.local
  /// Its place in the queue: smaller is sooner. Fixed when it is queued; the order between two jobs never
  /// changes with time.
  var rank: Int64 = 0
  /// Large, and the same for many jobs.
  private var sharedTerms: Shared<Terms>
  /// Nil for most jobs.
  private var ownCarryover: Shared<Carryover>?

  /// Makes the scheduler's view of a job on record; `label` tells whose use it counts as, nil without fair
  /// share.
  package init(_ job: Job, sharedBy label: String? = nil) {
    id = job.id
    handler = job.submission.handler
    jobClass = job.submission.jobClass
    share = label.flatMap { job.submission.labels[$0] }
    group = job.submission.group
    isHeld = job.isHeld
    priority = job.submission.priority
    sharedTerms = Shared(job.submission.terms)
    ownCarryover = job.carryover == Carryover() ? nil : Shared(job.carryover)
    enqueued = job.submitted
    notBefore =
      switch job.state {
      case .scheduled: job.notBefore
      case .blocked: job.submission.notBefore
      case .queued, .starting, .running, .succeeded, .failed, .cancelled: nil
      }
    waitingSince = notBefore ?? job.submitted
    attempts = job.attempts
    attemptsUsed = job.attemptsUsed
  }
}

extension WaitingJob {
  /// What holds for it.
  package var terms: Terms {
    get { sharedTerms.value }
    set { sharedTerms = Shared(newValue) }
  }

  /// What its attempts leave to the next one.
  package var carryover: Carryover {
    get { ownCarryover?.value ?? Carryover() }
    set { ownCarryover = newValue == Carryover() ? nil : Shared(newValue) }
  }

  /// What its next attempt may use.
  package var limits: Limits {
    var limits = terms.limits
    if let memory = ownCarryover?.value.memory { limits.memory = memory }
    return limits
  }

  /// How long its next attempt may run.
  package var timeout: Duration { ownCarryover?.value.timeout ?? terms.timeout }

  /// How long its next attempt can take at most: its time limit, then the grace.
  var longest: Duration { timeout + terms.grace }

  /// Lets two jobs with the same terms keep them once.
  package mutating func shareTerms(with other: WaitingJob) {
    if sharedTerms == other.sharedTerms { sharedTerms = other.sharedTerms }
  }
}

/// A value that many can keep at the price of one.
private final class Shared<Value: Equatable & Sendable>: Sendable, Equatable,
  CustomStringConvertible
{
  let value: Value

  init(_ value: Value) { self.value = value }

  /// As if it were the value itself.
  var description: String { "\(value)" }

  static func == (left: Shared, right: Shared) -> Bool { left === right || left.value == right.value }
}
