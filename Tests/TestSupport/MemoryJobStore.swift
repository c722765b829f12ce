package import MillraceCore
package import MillraceEngine
import Synchronization

/// A store that forgets: the record in plain collections, with the rules of the real one.
package final class MemoryJobStore: JobStore {
  /// What a refused change says.
  package struct Refusal: StorageFailure, CustomStringConvertible {
    package let description: String
    package var message: String { description }
    package var hint: String { "correct the test" }
    package var kind: StorageFailureKind { .mistake }
  }

  struct Record: Sendable {
    var job: Job
    var input: [UInt8]?
    var attempts: [Attempt] = []
    var results: [Int: JobResult] = [:]
    var checkpoint: [UInt8]?
    /// Its number is never given again.
    var isDeleted = false
  }

  struct State: Sendable {
    var records: [Record] = []
    var builds: [(plugin: Plugin, first: Timestamp, last: Timestamp)] = []
    var keys: [[String]: (job: JobID, until: Timestamp?)] = [:]
    var memos: [Memo] = []
    var workflows: [(head: WorkflowHead, submitted: Timestamp)] = []
    var schedules: [(schedule: Schedule, removed: Timestamp?)] = []
    var ticks: [ScheduleID: [Timestamp: Tick]] = [:]
    /// By their numbers.
    var events: [EventEntry] = []
    var eventNumbers: [[String]: EventNumber] = [:]
    /// The rows of transitions that are kept, and what the write under way tells.
    var told: [TransitionRow] = []
    var telling: [Transition] = []
    var auditEntries: [AuditEntry] = []
    var lastAuditNumber: Int64 = 0
  }

  let state = Mutex(State())
  package let live = LiveFeed()
  package let activity: AsyncStream<Void>
  let ring: AsyncStream<Void>.Continuation

  /// Makes an empty store.
  package init() { (activity, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  package func accept(_ submissions: [Submission], at now: Timestamp) async throws -> [Acceptance] {
    try accept(submissions, of: nil, at: now)
  }

  package func accept(
    _ submissions: [Submission], as workflow: WorkflowHead, at now: Timestamp
  ) async throws -> AcceptedWorkflow {
    if let known = state.withLock({ $0.workflow(withKeyOf: workflow, at: now) }) { return known }
    let id = state.withLock { $0.workflows.count + 1 }
    return AcceptedWorkflow(id: Int64(id), jobs: try accept(submissions, of: workflow, at: now))
  }

  private func accept(
    _ submissions: [Submission], of workflow: WorkflowHead?, at now: Timestamp
  ) throws -> [Acceptance] {
    try write(at: now) { state in
      if let workflow { state.workflows.append((workflow, now)) }
      let id = workflow.map { _ in Int64(state.workflows.count) }
      var accepted: [Acceptance] = []
      for submission in submissions {
        accepted.append(try state.accept(submission, of: id, batch: accepted.map(\.job), at: now))
      }
      return accepted
    }
  }

  package var nextJob: JobID { JobID(Int64(state.withLock { $0.records.count } + 1)) }

  package func commit(_ changes: [StoreChange], at now: Timestamp) async throws {
    try write(at: now) { state in
      for change in changes {
        try state.apply(change)
        state.tell(change)
      }
    }
  }

  static func apply(_ change: StoreChange, to record: inout Record) throws {
    switch change {
    case .starting(let attempt):
      try demand(record, [.queued], attempt.id.number == record.job.attempts + 1)
      record.job.state = .starting
      record.job.attempts += 1
      record.attempts.append(attempt)
    case .running(let id, let time):
      try demand(record, [.starting], id.number == record.job.attempts)
      record.job.state = .running
      record.attempts[id.number - 1].started = time
    case .ended(let id, var end, let next):
      try demand(record, [.starting, .running], id.number == record.job.attempts)
      record.results[id.number] = end.result
      end.result = nil
      record.attempts[id.number - 1].thaw(at: end.ended)
      if let began = end.began { record.attempts[id.number - 1].started = began }
      end.began = nil
      record.checkpoint = end.checkpoint ?? record.checkpoint
      end.checkpoint = nil
      record.attempts[id.number - 1].end = end
      if end.outcome.usesAttempt { record.job.attemptsUsed += 1 }
      switch next {
      case .done(let state, let reason):
        guard state.isFinal else { throw Refusal(description: "`\(state)` is no end") }
        record.job.state = state
        record.job.ended = end.ended
        record.job.reason = reason
      case .retry(let time):
        record.job.state = .scheduled
        record.job.notBefore = time
      case .requeue: record.job.state = .queued
      }
    case .late(let id, let outcome):
      guard id.number <= record.attempts.count, record.attempts[id.number - 1].end?.outcome == .lost else {
        throw Refusal(description: "attempt \(id) is not on record as lost")
      }
      record.attempts[id.number - 1].lateOutcome = outcome
    case .closed, .unblocked, .held, .cancelRequested, .carried, .revived:
      try applyCourse(change, to: &record)
    case .due:
      try demand(record, [.scheduled], true)
      record.job.state = .queued
      record.job.notBefore = nil
    case .frozen(let id, let time):
      try demand(record, [.running], id.number == record.job.attempts)
      try demand(record, [.running], record.attempts[id.number - 1].frozenSince == nil)
      record.attempts[id.number - 1].frozenSince = time
    case .thawed(let id, let time):
      try demand(record, [.running], id.number == record.job.attempts)
      try demand(record, [.running], record.attempts[id.number - 1].frozenSince != nil)
      record.attempts[id.number - 1].thaw(at: time)
    case .reprioritised(_, let priority):
      try demand(record, JobState.unfinished, true)
      record.job.submission.priority = priority
    case .accepted, .memo, .announcedEnd, .announced, .told: break
    }
    if record.job.state.isFinal { record.checkpoint = nil }
  }

  /// What changes of a job while no attempt at it does.
  private static func applyCourse(_ change: StoreChange, to record: inout Record) throws {
    switch change {
    case .closed(_, let state, let reason, let time):
      try demand(record, [.blocked, .scheduled, .queued], state.isFinal)
      record.job.state = state
      record.job.notBefore = nil
      record.job.ended = time
      record.job.reason = reason
    case .unblocked(_, let time):
      try demand(record, [.blocked], true)
      record.job.state = time == nil ? .queued : .scheduled
      record.job.notBefore = time
    case .held(_, let isHeld):
      try demand(record, JobState.unfinished, true)
      record.job.isHeld = isHeld
      record.job.submission.isHeld = isHeld
    case .cancelRequested(_, let time):
      try demand(record, JobState.unfinished, true)
      record.job.cancelRequested = record.job.cancelRequested ?? time
    case .carried(_, let carryover):
      try demand(record, JobState.unfinished, true)
      record.job.carryover = carryover
    case .revived(_, let state, let terms):
      try demand(record, [.failed, .cancelled], true)
      record.job.state = state
      (record.job.ended, record.job.reason, record.job.cancelRequested) = (nil, nil, nil)
      record.job.attemptsUsed = 0
      record.job.carryover = Carryover()
      if let terms { record.job.submission.terms = terms }
    case .accepted, .starting, .running, .ended, .late, .due, .frozen, .thawed, .reprioritised, .memo,
      .announcedEnd, .announced, .told:
      preconditionFailure("`apply` does it")
    }
  }

  private static func demand(_ record: Record, _ states: [JobState], _ isRightAttempt: Bool) throws {
    guard states.contains(record.job.state), isRightAttempt else {
      throw Refusal(description: "job `\(record.job.id)` is `\(record.job.state)`, not one of \(states)")
    }
  }

  package func payload(of job: JobID) async throws -> StoredPayload {
    guard let record = record(job) else { throw Refusal(description: "job `\(job)` is not there") }
    let asked = record.job.submission
    var payload = StoredPayload(
      parameters: asked.parameters, input: record.input, traceParent: asked.traceParent)
    payload.checkpoint = record.checkpoint
    payload.outputs = try await outputs(for: asked.after)
    return payload
  }

  package func memos() async throws -> [Memo] {
    state.withLock { $0.memos }.sorted { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }
  }

  package func unfinished(after last: JobID, atMost count: Int) async throws -> [UnfinishedJob] {
    records.filter { !$0.job.state.isFinal && $0.job.id > last }.prefix(count).map { record in
      var job = record.job
      job.submission.parameters = .object([:])
      return UnfinishedJob(
        job: job, openAttempt: record.attempts.last.flatMap { $0.end == nil ? $0 : nil })
    }
  }

  package func note(_ plugins: [Plugin], at now: Timestamp) async throws {
    state.withLock { state in
      for plugin in plugins {
        if let index = state.builds.firstIndex(where: { $0.plugin.sha256 == plugin.sha256 }) {
          state.builds[index].plugin = plugin
          state.builds[index].last = now
        } else {
          state.builds.append((plugin, now, now))
        }
      }
    }
  }

  var records: [Record] { state.withLock { $0.records.filter { !$0.isDeleted } } }

  func record(_ id: JobID) -> Record? {
    let index = Int(id.rawValue) - 1
    return state.withLock { $0.has(id) ? $0.records[index] : nil }
  }
}

extension MemoryJobStore.State {
  mutating func apply(_ change: StoreChange) throws {
    switch change {
    case .accepted(let id, let submission, let time):
      guard try take(submission, of: nil, batch: [], at: time).job == id else {
        throw MemoryJobStore.Refusal(description: "job `\(id)` is not the next one")
      }
    case .memo(let memo):
      memos.removeAll { ($0.kind, $0.name) == (memo.kind, memo.name) }
      if memo.value != nil { memos.append(memo) }
    case .announced(let event, let time): accept(event, at: time)
    case .announcedEnd(let id, let time): try announceEnd(of: id, at: time)
    default: break
    }
    guard let id = change.job else { return }
    guard has(id) else { throw MemoryJobStore.Refusal(description: "job `\(id)` is not there") }
    try MemoryJobStore.apply(change, to: &records[Int(id.rawValue) - 1])
  }
}

extension Attempt {
  /// Ends a frozen span, if there is one.
  fileprivate mutating func thaw(at time: Timestamp) {
    if let frozenSince { frozenTime += max(.zero, time - frozenSince) }
    frozenSince = nil
  }
}
