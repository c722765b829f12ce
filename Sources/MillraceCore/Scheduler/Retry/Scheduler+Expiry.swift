extension WaitingJob {
  /// When it must have begun its first attempt; nil if it has, or need not.
  var startBy: Timestamp? { attempts > 0 ? nil : terms.startWithin.map { enqueued + $0 } }

  /// When it must have ended; nil if it need not.
  package var finishBy: Timestamp? { terms.finishWithin.map { enqueued + $0 } }

  /// When an attempt is stopped that starts now.
  package func deadline(ofStart now: Timestamp) -> Timestamp { min(now + timeout, finishBy ?? now + timeout) }

  /// When it fails if it still waits; nil if it may wait for ever.
  package var expiry: Timestamp? { [startBy, finishBy].compactMap(\.self).min() }
}

extension Scheduler {
  /// Ends the jobs that have waited for too long, whatever they wait for.
  mutating func expire(at now: Timestamp) -> [Action] {
    var actions: [Action] = []
    while let next = expiries.first, next.rank <= now.rawValue {
      let job = takeOut(next.member) ?? leaveBook(next.member)
      // Nothing if it has ended with what it waited for.
      expiries.remove(next.member, rank: next.rank)
      guard let job else { continue }
      let terms = job.terms
      let isDeadline = job.finishBy.map { $0 <= now } ?? false
      let reason: EndReason =
        if isDeadline, let span = terms.finishWithin { .deadline(span) } else {
          .expired(terms.startWithin ?? .zero)
        }
      actions.append(.close(job.id, .failed, reason))
    }
    return actions
  }

  /// Lets a job that waits fail when its time is over.
  mutating func watchExpiry(of job: WaitingJob) {
    forgetExpiry(of: job)
    if let time = job.expiry { expiries.insert(job.id, rank: time.rawValue) }
  }

  mutating func forgetExpiry(of job: WaitingJob) {
    if let time = job.expiry { expiries.remove(job.id, rank: time.rawValue) }
  }

  /// Whether a job that waits will have waited for too long by then.
  func expires(_ job: JobID, by time: Timestamp) -> Bool {
    ((waiting[job] ?? dependencies.job(job))?.expiry).map { $0 <= time } ?? false
  }

  static let waitedTooLong = "it fails before, for it will have waited for too long"
}
