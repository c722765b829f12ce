package import MillraceCore

/// What somebody asks for when a job that failed shall begin anew.
package struct RetryRequest: Hashable, Sendable {
  /// More or other terms; nil stands for "as before".
  package var wishes = Wishes()
  /// How much more memory than its last attempt had, in percent; nil for none.
  package var moreMemory: Int?

  package init() {}
}

extension Engine {
  package func retry(_ ids: [JobID], _ request: RetryRequest) async throws -> [Job] {
    try await renew(ids, from: [.failed], request)
  }

  /// Lets jobs that have ended begin anew, all or none; returned means on record.
  /// - Throws: `Refusal` with the first job that can't: it is not in one of the states, or wants too much.
  func renew(_ ids: [JobID], from states: [JobState], _ request: RetryRequest) async throws -> [Job] {
    guard !hasStopped else { throw Self.draining }
    var renewals: [Renewal] = []
    for id in ids where !renewals.contains(where: { $0.job.id == id }) {
      let job = try await existing(id)
      guard states.contains(job.state) else {
        let words = states.map(\.rawValue).joined(separator: " or ")
        throw Refusal(
          .conflict, "job \(id) is \(job.state.rawValue); only one that is \(words) can be tried again")
      }
      let terms = try await terms(of: job, request)
      renewals.append(
        Renewal(job, terms: terms, sharedBy: scheduler.policy.fairShare?.label, at: ports.clock.now()))
    }
    try demandRoom(for: renewals.count, besides: 0)
    put(.event(.revive(renewals)))
    let deadline = ports.clock.now() + Self.answerTime
    while true {
      await wait(for: .commit, until: deadline)
      var jobs: [Job] = []
      for id in ids { jobs.append(try await existing(id)) }
      // One that has failed again by now has more attempts.
      let old = jobs.first { job in
        states.contains(job.state)
          && renewals.contains { $0.job.id == job.id && $0.job.attempts == job.attempts }
      }
      guard let old else { return jobs }
      guard ports.clock.now() < deadline, !hasStopped else {
        throw Refusal(.storage, "job \(old.id) is still \(old.state.rawValue): the record cannot be written")
      }
    }
  }

  private func terms(of job: Job, _ request: RetryRequest) async throws -> Terms {
    var wishes = request.wishes
    if let percent = request.moreMemory {
      let last = try await ports.store.attempts(of: job.id).last?.limits ?? job.submission.terms.limits
      let more = Double(last.memory.rawValue) * (1 + Double(percent) / 100)
      wishes.memory = Bytes(Int64(min(max(more, 0), 0x1p62)))
    }
    let terms = job.submission.terms.amended(by: wishes)
    try reception.check(terms)
    return terms
  }
}
