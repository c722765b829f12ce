import MillraceCore

/// Jobs that are on record, and what their submitter is told when they are known.
struct Accepted {
  var waiting: [WaitingJob] = []
  var blocked: [BlockedJob] = []
  /// What attempts at the first of them need: those that start in this very tick need not be read back.
  var payloads: [JobID: StoredPayload] = [:]
  /// Jobs that are cancelled for them.
  var cancels: [JobID] = []
  var answer: () -> Void = {}

  var count: Int { waiting.count + blocked.count }

  /// How the scheduler is told of them.
  var events: [Event] {
    [.submitted(waiting)] + (blocked.isEmpty ? [] : [.blocked(blocked)]) + cancels.map { .cancel($0) }
  }
}

extension [Accepted] {
  /// How many jobs they are.
  var jobCount: Int { reduce(0) { $0 + $1.count } }
}

extension Engine {
  /// Throws if so many jobs can't be taken now. Asked in the tick, where the count can't change meanwhile.
  func demandRoom(for count: Int, besides others: Int) throws(Refusal) {
    guard !scheduler.isDraining else { throw Self.draining }
    if let trouble { throw trouble.refusal }
    let known = scheduler.queuedCount + scheduler.scheduledCount + scheduler.blockedCount
    let free = max(0, scheduler.policy.maxQueued - known - others)
    guard count <= free else {
      throw Refusal(
        .queueFull, "the queue has room for \(free) more jobs, not \(count)",
        hint: "try again when some have run, or raise `queue.max_queued`")
    }
  }

  /// Writes batches, each of them all or none; a refusal is answered here. They share a transaction, so that
  /// the disk is waited for once. `others` is how many jobs are accepted and not yet known to the scheduler.
  func accept(_ batches: [Batch], besides others: Int) async -> [Accepted] {
    let admitted = admitted(batches, besides: others)
    guard admitted.count > 1, admitted.allSatisfy(\.canShare) else { return await acceptEach(admitted) }
    do {
      return try await acceptTogether(admitted)
    } catch let error as any StorageFailure where error.kind == .mistake {
      // One caller's mistake is nobody else's.
      return await acceptEach(admitted)
    } catch {
      let refusal = refusal(for: error)
      for batch in admitted { batch.answer.resume(throwing: refusal) }
      return []
    }
  }

  /// Returns the batches for which there is room; the others are refused.
  func admitted(_ batches: [Batch], besides others: Int) -> [Batch] {
    var taken = others
    return batches.filter { batch in
      do {
        try demandRoom(for: batch.submissions.count, besides: taken)
        taken += batch.submissions.count
        return true
      } catch {
        batch.answer.resume(throwing: refusal(for: error))
        return false
      }
    }
  }

  private func acceptEach(_ batches: [Batch]) async -> [Accepted] {
    var accepted: [Accepted] = []
    for batch in batches {
      do {
        if let trouble { throw trouble.refusal }
        accepted += try await acceptTogether([batch])
      } catch {
        batch.answer.resume(throwing: refusal(for: error))
      }
    }
    return accepted
  }

  /// Writes batches in one transaction.
  private func acceptTogether(_ batches: [Batch]) async throws -> [Accepted] {
    let now = ports.clock.now()
    let acceptances = try await timed(.accept) {
      try await ports.store.accept(batches.flatMap(\.submissions), at: now)
    }
    return zip(batches, acceptances.parts(of: batches.map(\.submissions.count))).map { batch, own in
      var accepted = taken(own, batch.submissions, at: now)
      accepted.answer = { batch.answer.resume(returning: own) }
      return accepted
    }
  }

  /// What a submitter is told whose jobs could not be written.
  func refusal(for error: any Error) -> Refusal {
    guard let refusal = error as? Refusal else {
      let found = RecordTrouble(error, at: ports.clock.now())
      // What can't be stored is refused, and says nothing of the next one.
      if found.kind != .mistake { meet(found) }
      return found.refusal
    }
    if refusal.kind == .queueFull { note(refusal.message) }
    return refusal
  }

  /// Of how many jobs of a batch the payloads are kept at hand, and how many bytes their inputs may have.
  private static let payloadsAtHand = 64
  private static let largestAtHand = 64 << 10

  /// Counts jobs that are on record now, and sorts them.
  func taken(_ acceptances: [Acceptance], _ submissions: [Submission], at now: Timestamp) -> Accepted {
    meters.accepted(zip(acceptances, submissions).lazy.filter(\.0.isNew).map(\.1.handler))
    return sorted(acceptances, submissions, at: now)
  }

  /// Tells jobs that wait for their turn from those that wait for others; those that have ended already, or
  /// are known, are left out.
  func sorted(
    _ acceptances: [Acceptance], _ submissions: [Submission], at now: Timestamp
  ) -> Accepted {
    var accepted = Accepted()
    for (acceptance, submission) in zip(acceptances, submissions) where acceptance.isNew {
      switch acceptance.state {
      case .queued, .scheduled:
        accepted.waiting.append(waitingJob(acceptance.job, submission, at: now))
        if acceptance.state == .queued, submission.after.isEmpty,
          accepted.payloads.count < Self.payloadsAtHand,
          submission.input?.count ?? 0 <= Self.largestAtHand
        {
          accepted.payloads[acceptance.job] = StoredPayload(submission)
        }
      case .blocked:
        let job = waitingJob(acceptance.job, submission, at: now, isBlocked: true)
        accepted.blocked.append(
          BlockedJob(
            job, waitsFor: acceptance.waitsFor, onDependencyFailure: submission.onDependencyFailure,
            broken: acceptance.broken))
      case .starting, .running, .succeeded, .failed, .cancelled: break
      }
    }
    return accepted
  }

  /// The scheduler's view of a job that is submitted now.
  func waitingJob(
    _ id: JobID, _ submission: Submission, at now: Timestamp, isBlocked: Bool = false
  ) -> WaitingJob {
    var job = Job(
      id: id, submission: submission, submitted: now,
      state: isBlocked ? .blocked : submission.firstState(at: now), notBefore: submission.notBefore)
    job.isHeld = submission.isHeld
    return WaitingJob(job, sharedBy: scheduler.policy.fairShare?.label)
  }

  /// Throws unless every dependency can be: it is on a job on record, or on one before it in the batch.
  func checkDependencies(of submissions: [Submission]) async throws {
    var known: Set<JobID> = []
    for (index, submission) in submissions.enumerated() {
      guard submission.after.count <= Self.maxDependencies else {
        throw Refusal(
          .invalid, "a job depends on at most \(Self.maxDependencies) others, not \(submission.after.count)",
          index: index)
      }
      for dependency in submission.after {
        switch dependency.needed {
        case .position(let place):
          guard (0..<index).contains(place) else {
            throw Refusal(
              .invalid, "it depends on place \(place) of its batch, which does not come before it",
              hint: "places count from 0; put what others need first", index: index)
          }
        case .job(let id):
          guard !known.contains(id) else { continue }
          guard try await ports.store.job(id) != nil else {
            throw Refusal(
              .notFound, "it depends on job \(id), which is not there",
              hint: "`millrace list --all` shows what there is", index: index)
          }
          known.insert(id)
        }
      }
    }
  }

  /// The most jobs that one can depend on.
  static let maxDependencies = 10_000
}
