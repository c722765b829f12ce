import MillraceCore

/// Jobs of a tick that depend on nothing on record. They have their numbers already and go on record together
/// with what is decided of them, so that the disk is waited for once, not before the decision and after it.
struct Arrivals {
  private let batches: [Batch]
  private let time: Timestamp
  /// All jobs of the batches, in order.
  let submissions: [Submission]
  /// What is answered of each when it is on record.
  let acceptances: [Acceptance]

  /// Numbers the jobs of batches, from `first` on.
  init(_ batches: [Batch], from first: JobID, at now: Timestamp) {
    self.batches = batches
    time = now
    submissions = batches.flatMap(\.submissions)
    acceptances = zip(first.rawValue..., submissions).map { number, submission in
      Acceptance(job: JobID(number), state: submission.firstState(at: now))
    }
  }

  var jobs: [JobID] { acceptances.map(\.job) }

  /// What puts them on record.
  var changes: [StoreChange] {
    zip(acceptances, submissions).map { .accepted($0.job, $1, at: time) }
  }

  /// Tells the submitters that their jobs are on record.
  func answer() {
    for (batch, own) in zip(batches, acceptances.parts(of: batches.map(\.submissions.count))) {
      batch.answer.resume(returning: own)
    }
  }

  /// Tells them that they are not.
  func refuse(_ refusal: Refusal) {
    for batch in batches { batch.answer.resume(throwing: refusal) }
  }

  /// The batches, to be written before anything is decided of them: so each gets an answer of its own.
  var apart: [Batch] {
    batches.map { batch in
      var batch = batch
      batch.isApart = true
      return batch
    }
  }
}

extension Engine {
  /// Takes in batches that depend on nothing on record, the last of all that is accepted in a tick: nobody
  /// else uses their numbers before they are written.
  func arrive(_ batches: [Batch], besides others: Int) -> Accepted {
    let admitted = admitted(batches, besides: others)
    guard !admitted.isEmpty else { return Accepted() }
    let now = ports.clock.now()
    let arrivals = Arrivals(admitted, from: ports.store.nextJob, at: now)
    backlog.arrivals = arrivals
    return sorted(arrivals.acceptances, arrivals.submissions, at: now)
  }

  /// Undoes what was decided of jobs that could not be written. One job's mistake is nobody else's: then
  /// each batch is tried again by itself, later.
  /// - Returns: whether it was such a mistake, and all else may be written.
  func turnAway(_ arrivals: Arrivals, because error: any Error) async -> Bool {
    backlog.arrivals = nil
    backlog.forget(Set(arrivals.jobs))
    meters.withdrawn(arrivals.jobs)
    let now = ports.clock.now()
    var stops: [Action] = []
    for action in scheduler.handle(.withdrawn(arrivals.jobs), at: now) {
      sort(action, at: now, stops: &stops)
    }
    await perform(stops)
    guard let error = error as? any StorageFailure, error.kind == .mistake else {
      arrivals.refuse(refusal(for: error))
      return false
    }
    inbox.putFirst(arrivals.apart.map(Input.submissions))
    ring.yield()
    return true
  }
}
