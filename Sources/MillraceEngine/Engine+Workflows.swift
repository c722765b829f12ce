package import MillraceCore

extension Engine {
  package func submit(_ workflow: WorkflowRequest) async throws -> AcceptedWorkflow {
    guard Handler.isValidName(workflow.name) else {
      throw Refusal(
        .invalid, "`\(workflow.name)` can't name a workflow: 1 to 64 of `a-z 0-9 - _ .`, a letter first")
    }
    guard !workflow.jobs.isEmpty else { throw Refusal(.invalid, "the workflow has no job") }
    if let key = workflow.key { try JobIdentity.check(key: key) }
    let submissions = try submissions(of: workflow.jobs)
    try await checkDependencies(of: submissions)
    let head = WorkflowHead(
      name: workflow.name, definition: WorkflowDefinition(workflow), key: workflow.key)
    return try await operate { engine, others in
      let now = engine.ports.clock.now()
      try engine.demandRoom(for: submissions.count, besides: others)
      let workflow = try await engine.timed(.accept) {
        try await engine.ports.store.accept(submissions, as: head, at: now)
      }
      return (workflow, engine.taken(workflow.jobs, submissions, at: now))
    }
  }

  package func cancel(workflow id: Int64) async throws -> WorkflowRecord {
    let record = try await existing(workflow: id)
    guard !hasStopped else { throw Self.draining }
    let unfinished = record.jobs.filter { !$0.state.isFinal }
    guard !unfinished.isEmpty else {
      throw Refusal(.conflict, "workflow \(id) has ended already: \(record.summary.state.rawValue)")
    }
    // From the last to the first: no cancellation lets another one of them start.
    for member in unfinished.reversed() { put(.event(.cancel(member.job))) }
    await wait(for: .commit, until: ports.clock.now() + Self.answerTime)
    return try await existing(workflow: id)
  }

  package func retryFailed(workflow id: Int64) async throws -> WorkflowRecord {
    try await operate { engine, _ in ((), try await engine.revive(id)) }
    return try await existing(workflow: id)
  }

  func existing(workflow id: Int64) async throws -> WorkflowRecord {
    guard let record = try await ports.store.workflow(id) else {
      throw Refusal(
        .notFound, "there is no workflow \(id)", hint: "`millrace workflow list` shows what there is")
    }
    return record
  }

  /// Lets the failed jobs of a workflow begin anew, in a transaction of its own. In the tick, where the
  /// record is what the scheduler knows.
  private func revive(_ id: Int64) async throws -> Accepted {
    try demandRoom(for: 0, besides: 0)
    let record = try await existing(workflow: id)
    // What is blocked then waits for what is held.
    let open = record.jobs.filter { !$0.state.isFinal && $0.state != .blocked }
    if let first = open.first {
      throw Refusal(
        .conflict, "workflow \(id) has not ended: job \(first.job) is \(first.state.rawValue)",
        hint: "`millrace workflow show \(id)` shows its jobs")
    }
    let now = ports.clock.now()
    let revival = try await revival(of: record)
    guard !revival.jobs.isEmpty else {
      throw Refusal(.conflict, "workflow \(id) has no failed job that could be tried again")
    }
    try await timed(.commit) {
      try await ports.store.commit(revival.jobs.flatMap { $0.changes(at: now) }, at: now)
    }
    return accepted(revival, at: now)
  }

  private func revival(of record: WorkflowRecord) async throws -> Revival {
    var states = Dictionary(uniqueKeysWithValues: record.jobs.map { ($0.job, $0.state) })
    var candidates: [Job] = []
    for member in record.jobs where Revival.isCandidate(member) {
      let job = try await existing(member.job)
      candidates.append(job)
      for case .job(let needed) in job.submission.after.map(\.needed) where states[needed] == nil {
        states[needed] = try await ports.store.job(needed)?.state
      }
    }
    return Revival(of: candidates, states: states)
  }

  private func accepted(_ revival: Revival, at now: Timestamp) -> Accepted {
    var accepted = Accepted()
    for revived in revival.jobs {
      var job = revived.job
      if job.state.isFinal { job.submission.terms = job.renewed(job.submission.terms, at: now) }
      // What was held for a dependency is released by this.
      if job.state == .blocked { job.isHeld = false }
      job.state = revived.waitsFor.isEmpty ? .queued : .blocked
      var waiting = WaitingJob(job, sharedBy: scheduler.policy.fairShare?.label)
      waiting.beginAnew(at: now)
      if revived.waitsFor.isEmpty {
        if revived.job.state == .blocked { scheduler.forget(blocked: job.id) }
        accepted.waiting.append(waiting)
      } else {
        accepted.blocked.append(
          BlockedJob(
            waiting, waitsFor: revived.waitsFor, onDependencyFailure: job.submission.onDependencyFailure))
      }
    }
    return accepted
  }
}

extension Revival.Revived {
  /// What is written of it.
  fileprivate func changes(at now: Timestamp) -> [StoreChange] {
    guard job.state == .blocked else {
      let state: JobState = waitsFor.isEmpty ? .queued : .blocked
      return [.revived(job.id, to: state, terms: Renewal(job, at: now).terms)]
    }
    return [.held(job.id, false)] + (waitsFor.isEmpty ? [.unblocked(job.id, notBefore: nil)] : [])
  }
}
