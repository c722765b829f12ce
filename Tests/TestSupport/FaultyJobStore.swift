package import MillraceCore
package import MillraceEngine
import Synchronization

/// A store whose disk a test can fill or let fail by lot, and whose writes it can hold up.
///
/// It writes into a journal what it is asked and what it did: "accept 2", "accepted [1, 2]",
/// "commit [starting 1.1]", "committed [starting 1.1]", "failed [starting 1.1]", "noted [tools]".
package final class FaultyJobStore: JobStore {
  private struct State {
    var isFull = false
    var isUnreadable = false
    var lottery: (@Sendable (String) -> Draw?)?
    var isHeld = false
    var held: [CheckedContinuation<Void, Never>] = []
  }

  /// How a call goes wrong.
  package enum Draw: Sendable {
    /// Nothing of it is done.
    case fails(StoreFault)
    /// It is done, but the answer is this.
    case isTorn(StoreFault)
  }

  private let state = Mutex(State())
  let journal: Journal<String>
  /// The record.
  package let record: MemoryJobStore

  /// Makes a store around a record.
  package init(_ record: MemoryJobStore = MemoryJobStore(), journal: Journal<String>) {
    self.record = record
    self.journal = journal
  }

  /// Lets every write fail, or none.
  package func fill(_ isFull: Bool = true) { state.withLock { $0.isFull = isFull } }

  /// Asks before each call whether it goes wrong; the word is "accept" (also of a commit that accepts jobs),
  /// "commit", "delete", "payload", "note", "memos", "evidence", "read", "change", "claim" or "schedules".
  /// Nil stops that.
  package func fail(by lottery: (@Sendable (String) -> Draw?)?) { state.withLock { $0.lottery = lottery } }

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

  func pass<Value>(
    _ call: String, _ words: String, _ body: () async throws -> Value
  ) async throws -> Value {
    await withCheckedContinuation { continuation in
      let isHeld = state.withLock { state in
        if state.isHeld { state.held.append(continuation) }
        return state.isHeld
      }
      if !isHeld { continuation.resume() }
    }
    let (isFull, lottery) = state.withLock { ($0.isFull, $0.lottery) }
    switch isFull ? .fails(.diskFull) : lottery?(call) {
    case .fails(let fault):
      journal.append("failed \(words)")
      throw fault
    case .isTorn(let fault):
      _ = try await body()
      journal.append("torn \(words)")
      throw fault
    case nil:
      return try await body()
    }
  }

  package func accept(_ submissions: [Submission], at now: Timestamp) async throws -> [Acceptance] {
    journal.append("accept \(submissions.count)")
    let accepted = try await pass("accept", "accept \(submissions.count)") {
      try await record.accept(submissions, at: now)
    }
    journal.append("accepted \(accepted.map(\.job))")
    return accepted
  }

  package func accept(
    _ submissions: [Submission], as workflow: WorkflowHead, at now: Timestamp
  ) async throws -> AcceptedWorkflow {
    journal.append("accept \(workflow.name)")
    let accepted = try await pass("accept", "accept \(workflow.name)") {
      try await record.accept(submissions, as: workflow, at: now)
    }
    journal.append("accepted \(accepted.jobs.map(\.job))")
    return accepted
  }

  package var nextJob: JobID { record.nextJob }

  package func commit(_ changes: [StoreChange], at now: Timestamp) async throws {
    let words = "\(changes.map(\.words))".replacing("\"", with: "")
    journal.append("commit \(words)")
    let accepts = changes.contains { if case .accepted = $0 { true } else { false } }
    try await pass(accepts ? "accept" : "commit", words) { try await record.commit(changes, at: now) }
    journal.append("committed \(words)")
  }

  package func payload(of job: JobID) async throws -> StoredPayload {
    guard !state.withLock({ $0.isUnreadable }) else { throw TestFailure("input/output error") }
    return try await pass("payload", "payload of \(job)") { try await record.payload(of: job) }
  }

  package func delete(_ choice: EndedJobs, atMost count: Int, at now: Timestamp) async throws -> Deletion {
    let deletion = try await pass("delete", "delete") {
      try await record.delete(choice, atMost: count, at: now)
    }
    journal.append("deleted \(deletion.jobs)")
    return deletion
  }

  package func note(_ plugins: [Plugin], at now: Timestamp) async throws {
    try await pass("note", "note \(plugins.map(\.name))") { try await record.note(plugins, at: now) }
    journal.append("noted \(plugins.map(\.name))")
  }

  package func evidence(lastOfEach count: Int) async throws -> [Evidence] {
    try await pass("evidence", "evidence") { try await record.evidence(lastOfEach: count) }
  }

  package func memos() async throws -> [Memo] {
    try await pass("memos", "memos") { try await record.memos() }
  }

  package func unfinished(after last: JobID, atMost count: Int) async throws -> [UnfinishedJob] {
    journal.append("read")
    return try await pass("read", "read") { try await record.unfinished(after: last, atMost: count) }
  }
}

extension FaultyJobStore {
  package var live: LiveFeed { record.live }
  package func transitions(after last: Int64, atMost count: Int) async throws -> [TransitionRow] {
    try await pass("read", "transitions") { try await record.transitions(after: last, atMost: count) }
  }
  package func transitionNumbers() async throws -> ClosedRange<Int64>? {
    try await pass("read", "numbers") { try await record.transitionNumbers() }
  }
  package func job(_ id: JobID) async throws -> Job? { try await record.job(id) }
  package func jobs(matching filter: JobFilter) async throws -> [Job] {
    try await record.jobs(matching: filter)
  }
  package func attempts(of job: JobID) async throws -> [Attempt] { try await record.attempts(of: job) }
  package func result(of job: JobID) async throws -> JobResult? { try await record.result(of: job) }
  package func workflow(_ id: Int64) async throws -> WorkflowRecord? { try await record.workflow(id) }
  package func workflows(before: Int64?, limit: Int) async throws -> [WorkflowSummary] {
    try await record.workflows(before: before, limit: limit)
  }
  package func plugins() async throws -> [Plugin] { try await record.plugins() }

  package func history(matching filter: HistoryFilter) async throws -> [HistoryRow] {
    try await record.history(matching: filter)
  }

  package func summaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    try await record.summaries(matching: filter)
  }

  package func reportedFigures(lastOfEach count: Int, handler: String?) async throws -> [ReportedFigure] {
    try await record.reportedFigures(lastOfEach: count, handler: handler)
  }

  package func buildSummaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    try await record.buildSummaries(matching: filter)
  }
}

extension StoreChange {
  /// The change in a few words: "ended 1.1 succeeded".
  fileprivate var words: String {
    switch self {
    case .accepted(let job, _, _): "accepted \(job)"
    case .starting(let attempt): "starting \(attempt.id)"
    case .running(let id, _): "running \(id)"
    case .ended(let id, let end, _): "ended \(id) \(end.outcome)"
    case .late(let id, let outcome): "late \(id) \(outcome)"
    case .closed(let job, let state, _, _): "\(state) \(job)"
    case .unblocked(let job, _): "unblocked \(job)"
    case .held(let job, let isHeld): "\(isHeld ? "held" : "released") \(job)"
    case .cancelRequested(let job, _): "cancel \(job)"
    case .carried(let job, _): "carried \(job)"
    case .revived(let job, let state, _): "revived \(job) \(state)"
    case .memo(let memo): "memo \(memo.kind) \(memo.name)"
    case .announcedEnd(let job, _): "announced end \(job)"
    case .announced(let event, _): "announced \(event.type)"
    case .told(let transition): "told \(transition.kind.rawValue)"
    case .due(let job): "due \(job)"
    case .frozen(let id, _): "frozen \(id)"
    case .thawed(let id, _): "thawed \(id)"
    case .reprioritised(let job, let priority): "reprioritised \(job) \(priority.rawValue)"
    }
  }
}
