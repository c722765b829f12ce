package import MillraceCore

extension Engine {
  /// With fewer attempts no limit is recommended.
  static let leastRunsForRecommendation = 20

  nonisolated package func rehearse(_ request: JobRequest) async throws -> Trial {
    let submission = try await submission(of: request)
    try await demandRoom(for: 1, besides: 0)
    try await checkDependencies(of: [submission])
    let (known, now) = await snapshot()
    var scheduler = known
    let waiting = await waitingJob(JobID(Int64.max), submission, at: now)
    let open = try await openDependencies(of: submission)
    if !open.isEmpty {
      _ = scheduler.handle(.blocked([BlockedJob(waiting, waitsFor: open)]), at: now)
      guard let explanation = scheduler.explanation(of: waiting.id, at: now) else {
        preconditionFailure("a blocked job waits")
      }
      return Trial(
        submission: submission, explanation: explanation,
        forecast: scheduler.forecast(of: waiting.id, at: now))
    }
    return Trial(
      submission: submission, explanation: scheduler.explanation(ofNew: waiting, at: now),
      forecast: scheduler.forecast(ofNew: waiting, at: now))
  }

  /// What a job that is only tried would wait for.
  /// - Throws: `Refusal` if it would be cancelled at once.
  private nonisolated func openDependencies(of submission: Submission) async throws -> [Dependency] {
    var open: [Dependency] = []
    for dependency in submission.after {
      guard case .job(let needed) = dependency.needed, let state = try await ports.store.job(needed)?.state
      else { continue }
      if !state.isFinal {
        open.append(dependency)
      } else if !dependency.condition.isMet(by: state), submission.onDependencyFailure == .cancel {
        let reason = EndReason.dependency(needed, state, neededAs: dependency.condition)
        throw Refusal(.conflict, "it would be cancelled at once: \(reason.message)")
      }
    }
    return open
  }

  nonisolated package func explain(_ id: JobID) async throws -> Answer {
    let job = try await existing(id)
    let (scheduler, now) = await snapshot()
    guard let explanation = scheduler.explanation(of: id, at: now) else {
      return Answer(job: job, attempt: try await ports.store.attempts(of: id).last)
    }
    return Answer(job: job, explanation: explanation, forecast: scheduler.forecast(of: id, at: now))
  }

  /// The scheduler as it is now: looking ahead in a copy holds nobody up.
  private func snapshot() -> (Scheduler, Timestamp) { (scheduler, ports.clock.now()) }

  func submission(of request: JobRequest) throws -> Submission {
    try reception.submission(
      of: request, for: try handler(named: request.handler),
      learned: scheduler.learnedLimit(handler: request.handler, jobClass: request.jobClass))
  }

  package func statistics(of handler: String) throws -> [Statistics] {
    let found = scheduler.statistics(of: handler)
    if found.isEmpty { _ = try self.handler(named: handler) }
    return found
  }

  package var learningWindow: Int { scheduler.policy.learning.window }

  package func recommendation(for handler: String) throws -> Recommendation {
    let known = try self.handler(named: handler)
    let learned = scheduler.learnedLimit(handler: handler, jobClass: nil)
    let present = reception.terms(for: known, learned: learned)
    let nothing = Statistics(handler: handler, jobClass: nil, build: "", isInherited: false, attempts: 0)
    return Recommendation(
      from: scheduler.statistics(of: handler).first ?? nothing, present: present,
      least: Self.leastRunsForRecommendation, machine: reception.machine)
  }
}
