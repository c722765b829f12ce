package import MillraceCore
package import MillraceEngine
import Synchronization

/// A store whose disk a test can fill, and whose writes it can hold up.
///
/// It writes into a journal what it is asked and what it did: "accept 2", "accepted [1, 2]",
/// "commit [starting 1.1]", "committed [starting 1.1]", "failed [starting 1.1]", "noted [tools]".
package final class FaultyJobStore: JobStore {
  private struct State {
    var isFull = false
    var isUnreadable = false
    var isHeld = false
    var held: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let journal: Journal<String>
  /// The record.
  package let record: MemoryJobStore

  /// Makes a store around a record.
  package init(_ record: MemoryJobStore = MemoryJobStore(), journal: Journal<String>) {
    self.record = record
    self.journal = journal
  }

  /// Lets every write fail, or none.
  package func fill(_ isFull: Bool = true) { state.withLock { $0.isFull = isFull } }

  /// Lets payloads be unreadable.
  package func losePayloads() { state.withLock { $0.isUnreadable = true } }

  /// Holds up every write that begins from now on.
  package func hold() { state.withLock { $0.isHeld = true } }

  /// Lets all writes go on.
  package func release() {
    let held = state.withLock { state in
      defer { state.held = [] }
      state.isHeld = false
      return state.held
    }
    for continuation in held { continuation.resume() }
  }

  private func pass(_ words: String) async throws {
    await withCheckedContinuation { continuation in
      let isHeld = state.withLock { state in
        if state.isHeld { state.held.append(continuation) }
        return state.isHeld
      }
      if !isHeld { continuation.resume() }
    }
    guard !state.withLock({ $0.isFull }) else {
      journal.append("failed \(words)")
      throw TestFailure("no space left on device")
    }
  }

  package func accept(_ submissions: [Submission], at now: Timestamp) async throws -> [JobID] {
    journal.append("accept \(submissions.count)")
    try await pass("accept \(submissions.count)")
    let ids = try await record.accept(submissions, at: now)
    journal.append("accepted \(ids)")
    return ids
  }

  package func commit(_ changes: [StoreChange]) async throws {
    let words = "\(changes.map(\.words))".replacing("\"", with: "")
    journal.append("commit \(words)")
    try await pass(words)
    try await record.commit(changes)
    journal.append("committed \(words)")
  }

  package func payload(of job: JobID) async throws -> StoredPayload {
    guard !state.withLock({ $0.isUnreadable }) else { throw TestFailure("input/output error") }
    return try await record.payload(of: job)
  }

  package func note(_ plugins: [Plugin], at now: Timestamp) async throws {
    try await record.note(plugins, at: now)
    journal.append("noted \(plugins.map(\.name))")
  }

  package func evidence(lastOfEach count: Int) async throws -> [Evidence] {
    try await record.evidence(lastOfEach: count)
  }

  package func unfinished() async throws -> [UnfinishedJob] {
    journal.append("read")
    try await pass("read")
    return try await record.unfinished()
  }
}

extension FaultyJobStore {
  package func job(_ id: JobID) async throws -> Job? { try await record.job(id) }
  package func jobs(matching filter: JobFilter) async throws -> [Job] {
    try await record.jobs(matching: filter)
  }
  package func attempts(of job: JobID) async throws -> [Attempt] { try await record.attempts(of: job) }
  package func result(of job: JobID) async throws -> JobResult? { try await record.result(of: job) }
  package func plugins() async throws -> [Plugin] { try await record.plugins() }

  package func history(matching filter: HistoryFilter) async throws -> [HistoryRow] {
    try await record.history(matching: filter)
  }

  package func summaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    try await record.summaries(matching: filter)
  }
}

extension StoreChange {
  /// The change in a few words: "ended 1.1 succeeded".
  fileprivate var words: String {
    switch self {
    case .starting(let attempt): "starting \(attempt.id)"
    case .running(let id, _): "running \(id)"
    case .ended(let id, let end, _): "ended \(id) \(end.outcome)"
    case .cancelled(let job, _): "cancelled \(job)"
    case .due(let job): "due \(job)"
    case .frozen(let id, _): "frozen \(id)"
    case .thawed(let id, _): "thawed \(id)"
    case .reprioritised(let job, let priority): "reprioritised \(job) \(priority.rawValue)"
    }
  }
}
