package import MillraceCore

extension Engine {
  /// How many jobs are read, and changed in one commit, at a time.
  private static let page = 10_000

  nonisolated package func select(_ filter: JobFilter) async throws -> [JobID] {
    var found: [JobID] = []
    try await forEachPage(of: filter) { found += $0 }
    return found
  }

  nonisolated package func cancel(matching filter: JobFilter) async throws -> [JobID] {
    try await change(filter) { .cancel($0) }
  }

  nonisolated package func hold(matching filter: JobFilter, _ isHeld: Bool) async throws -> [JobID] {
    try await change(filter) { .hold($0, isHeld) }
  }

  package func hold(_ job: JobID, _ isHeld: Bool) async throws -> Job {
    try await demandUnfinished(job)
    if let trouble { throw trouble.refusal }
    _ = try await askOnRecord([.hold(job, isHeld)])
    return try await existing(job)
  }

  /// Lets something happen to all jobs that have not ended and match, page by page: each is one commit.
  nonisolated private func change(_ filter: JobFilter, _ event: (JobID) -> Event) async throws -> [JobID] {
    var changed: [JobID] = []
    try await forEachPage(of: filter) { jobs in
      changed += try await askOnRecord(jobs.map(event))
    }
    return changed
  }

  nonisolated private func forEachPage(
    of filter: JobFilter, _ body: ([JobID]) async throws -> Void
  ) async throws {
    var filter = filter
    if filter.states.isEmpty { filter.states = JobState.unfinished }
    if let ended = filter.states.first(where: \.isFinal) {
      throw Refusal(.invalid, "a job that is \(ended.rawValue) has ended: nothing can be changed of it")
    }
    filter.limit = Self.page
    while true {
      let jobs = try await ports.store.jobs(matching: filter)
      if !jobs.isEmpty { try await body(jobs.map(\.id)) }
      guard jobs.count == filter.limit, let last = jobs.last else { return }
      filter.before = last.id
    }
  }
}
