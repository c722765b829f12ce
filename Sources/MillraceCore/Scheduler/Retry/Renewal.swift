/// A job that failed or was cancelled and shall begin anew, under its number.
package struct Renewal: Sendable {
  /// The job as it shall wait: with no attempt used.
  package var job: WaitingJob
  /// Its new terms; nil to keep those that it has.
  package var terms: Terms?

  /// Makes the renewal of a job on record, with other terms if they are given.
  ///
  /// A bound on its time counts from now on: the job gets the same span again.
  package init(_ job: Job, terms: Terms? = nil, sharedBy label: String? = nil, at now: Timestamp) {
    let terms = job.renewed(terms ?? job.submission.terms, at: now)
    self.terms = terms == job.submission.terms ? nil : terms
    var waiting = WaitingJob(job, sharedBy: label)
    waiting.terms = terms
    waiting.notBefore = nil
    waiting.beginAnew(at: now)
    self.job = waiting
  }
}

extension WaitingJob {
  /// Forgets the attempts that it has used and what they left: it waits for its next one from now on.
  package mutating func beginAnew(at now: Timestamp) {
    carryover = Carryover()
    attemptsUsed = 0
    waitingSince = now
  }
}

extension Job {
  /// Returns terms with the bounds on its time counted from now on, where they count from its submission.
  package func renewed(_ terms: Terms, at now: Timestamp) -> Terms {
    var terms = terms
    let passed = now - submitted
    if attempts == 0 { terms.startWithin = terms.startWithin.map { $0 + passed } }
    terms.finishWithin = terms.finishWithin.map { $0 + passed }
    return terms
  }
}

extension Scheduler {
  /// Takes jobs back that had ended; one that goes on already is left alone.
  mutating func revive(_ renewals: [Renewal]) -> [Action] {
    renewals.compactMap { renewal in
      guard !knows(renewal.job.id) else { return nil }
      enqueue(renewal.job)
      return .revive(renewal.job.id, to: .queued, terms: renewal.terms)
    }
  }
}
