/// A job that failed or was cancelled and shall begin anew, under its number.
package struct Revival: Sendable {
  /// The job as it shall wait: with no attempt used.
  package var job: WaitingJob
  /// Its new terms; nil to keep those that it has.
  package var terms: Terms?

  /// Makes the revival of a job on record, with other terms if they are given.
  ///
  /// A bound on its time counts from now on: the job gets the same span again.
  package init(_ job: Job, terms: Terms? = nil, sharedBy label: String? = nil, at now: Timestamp) {
    var terms = terms ?? job.submission.terms
    let passed = now - job.submitted
    if job.attempts == 0 { terms.startWithin = terms.startWithin.map { $0 + passed } }
    terms.finishWithin = terms.finishWithin.map { $0 + passed }
    self.terms = terms == job.submission.terms ? nil : terms
    var waiting = WaitingJob(job, sharedBy: label)
    waiting.terms = terms
    waiting.carryover = Carryover()
    waiting.attemptsUsed = 0
    waiting.notBefore = nil
    waiting.waitingSince = now
    self.job = waiting
  }
}

extension Scheduler {
  /// Takes jobs back that had ended; one that goes on already is left alone.
  mutating func revive(_ revivals: [Revival]) -> [Action] {
    revivals.compactMap { revival in
      guard !knows(revival.job.id) else { return nil }
      enqueue(revival.job)
      return .revive(revival.job.id, to: .queued, terms: revival.terms)
    }
  }
}
