import MillraceCore

/// Jobs of a tick that depend on nothing on record. They have their numbers already and go on record together
/// with what is decided of them, so that the disk is waited for once, not before the decision and after it.
struct Arrivals {
  private let batches: [Batch]
  /// What each batch is answered when it is on record.
  private let answers: [[Acceptance]]
  private let time: Timestamp

  /// Numbers the jobs of batches, from `first` on.
  init(_ batches: [Batch], from first: JobID, at now: Timestamp) {
    self.batches = batches
    time = now
    var next = first.rawValue
    answers = batches.map { batch in
      batch.submissions.map { submission in
        defer { next += 1 }
        return Acceptance(job: JobID(next), state: submission.firstState(at: now))
      }
    }
  }

  var submissions: [Submission] { batches.flatMap(\.submissions) }
  var acceptances: [Acceptance] { answers.flatMap { $0 } }
  var jobs: [JobID] { acceptances.map(\.job) }

  /// What puts them on record.
  var changes: [StoreChange] {
    zip(acceptances, submissions).map { .accepted($0.job, $1, at: time) }
  }

  /// Tells the submitters that their jobs are on record.
  func answer() {
    for (batch, acceptances) in zip(batches, answers) { batch.answer.resume(returning: acceptances) }
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
  func arrive(_ batches: [Batch], besides others: Int) async -> Accepted {
    let admitted = admitted(batches, besides: others)
    guard !admitted.isEmpty else { return Accepted() }
    do {
      let now = ports.clock.now()
      let arrivals = Arrivals(admitted, from: try await ports.store.nextJob(), at: now)
      backlog.arrivals = arrivals
      return sorted(arrivals.acceptances, arrivals.submissions, at: now)
    } catch {
      let refusal = refusal(for: error)
      for batch in admitted { batch.answer.resume(throwing: refusal) }
      return Accepted()
    }
  }

  /// Undoes what was decided of jobs that could not be written. One job's mistake is nobody else's: then
  /// each batch is tried again by itself.
  func turnAway(_ arrivals: Arrivals, because error: any Error) async {
    backlog.arrivals = nil
    backlog.forget(Set(arrivals.jobs))
    meters.withdrawn(arrivals.jobs)
    let now = ports.clock.now()
    var stops: [Action] = []
    for action in scheduler.handle(.withdrawn(arrivals.jobs), at: now) {
      sort(action, at: now, stops: &stops)
    }
    await perform(stops)
    if let error = error as? any StorageFailure, error.kind == .mistake {
      inbox.putFirst(arrivals.apart.map(Input.submissions))
      ring.yield()
    } else {
      arrivals.refuse(refusal(for: error))
    }
  }
}
