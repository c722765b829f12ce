import MillraceCore

/// Jobs that are on record, and what their submitter is told when they are known.
struct Accepted {
  var waiting: [WaitingJob] = []
  var blocked: [BlockedJob] = []
  var answer: () -> Void = {}

  var count: Int { waiting.count + blocked.count }

  /// How the scheduler is told of them.
  var events: [Event] { [.submitted(waiting)] + (blocked.isEmpty ? [] : [.blocked(blocked)]) }
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

  /// Writes a batch of submissions, all or none; nil if it is refused, which is answered then. `others` is
  /// how many jobs are accepted and not yet known to the scheduler.
  func accept(
    _ submissions: [Submission], _ answer: CheckedContinuation<[Acceptance], any Error>, besides others: Int
  ) async -> Accepted? {
    let now = ports.clock.now()
    do {
      try demandRoom(for: submissions.count, besides: others)
      let acceptances = try await ports.store.accept(submissions, at: now)
      var accepted = sorted(acceptances, submissions, at: now)
      accepted.answer = { answer.resume(returning: acceptances) }
      return accepted
    } catch {
      answer.resume(throwing: refusal(for: error))
      return nil
    }
  }

  /// Writes a workflow, all of it or nothing; nil if it is refused, which is answered then.
  func accept(
    _ submissions: [Submission], as head: WorkflowHead,
    _ answer: CheckedContinuation<AcceptedWorkflow, any Error>, besides others: Int
  ) async -> Accepted? {
    let now = ports.clock.now()
    do {
      try demandRoom(for: submissions.count, besides: others)
      let workflow = try await ports.store.accept(submissions, as: head, at: now)
      var accepted = sorted(workflow.jobs, submissions, at: now)
      accepted.answer = { answer.resume(returning: workflow) }
      return accepted
    } catch {
      answer.resume(throwing: refusal(for: error))
      return nil
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

  /// Tells jobs that wait for their turn from those that wait for others; those that have ended already, or
  /// are known, are left out.
  private func sorted(
    _ acceptances: [Acceptance], _ submissions: [Submission], at now: Timestamp
  ) -> Accepted {
    var accepted = Accepted()
    for (acceptance, submission) in zip(acceptances, submissions) where acceptance.isNew {
      switch acceptance.state {
      case .queued, .scheduled:
        accepted.waiting.append(waitingJob(acceptance.job, submission, at: now))
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
    let waits = submission.notBefore.map { $0 > now } ?? false
    var job = Job(
      id: id, submission: submission, submitted: now,
      state: isBlocked ? .blocked : waits ? .scheduled : .queued, notBefore: submission.notBefore)
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
