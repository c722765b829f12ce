package import MillraceCore
package import MillraceEngine
import Synchronization

/// A job service without an engine: tests put jobs, logs and refusals into it and see what it is asked.
///
/// Waits and followed logs end only when a test says so, or when they are cancelled.
package final class FakeJobService: JobService, HistoryReader, AttemptLogs {
  /// What the service was asked, and how long requests ended.
  package enum Event: Sendable, Equatable {
    case waiting(JobID, atMost: Duration)
    case waitEnded(JobID)
    case following(AttemptID)
    case followEnded(AttemptID)
  }

  /// What is in the service; a test may change any of it.
  package struct Contents: Sendable {
    package var jobs: [JobID: Job] = [:]
    package var attempts: [JobID: [Attempt]] = [:]
    package var results: [JobID: JobResult] = [:]
    package var standings: [JobID: Standing] = [:]
    package var usage: [AttemptID: UsageSeries] = [:]
    /// What is said to `explain`.
    package var answers: [JobID: Answer] = [:]
    /// What is said to `rehearse`.
    package var trial: Trial?
    /// What was learned, per handler.
    package var statistics: [String: [Statistics]] = [:]
    package var recommendations: [String: Recommendation] = [:]
    package var rows: [HistoryRow] = []
    package var summaries: [HandlerSummary] = []
    package var buildSummaries: [HandlerSummary] = []
    package var figures: [ReportedFigure] = []
    /// What the files of plugins were, by handler.
    package var builds: [String: PluginBuilds] = [:]
    package var catalog = Catalog(plugins: [], refused: [])
    package var status: RunnerStatus?
    package var cluster: ClusterReport?
    /// What is said to `top`, and how many of what waits it was asked for.
    package var top = Top(running: [], queued: [])
    package var progress: [JobID: Progress] = [:]
    package var topCounts: [Int] = []
    package var logs: [AttemptID: [UInt8]] = [:]
    /// Thrown by whatever is asked next and after, as long as it is here.
    package var failure: (any Error)?
    /// The keys that jobs have.
    package var keys: [String: JobID] = [:]
    /// What is paused, and what settings say.
    package var stations: [StationState] = []
    package var settings: [SettingState] = []
    /// What was asked of them, in words: "pause handler x by root".
    package var operations: [String] = []
    /// All requests that were accepted.
    package var submitted: [JobRequest] = []
    /// All requests that were only tried.
    package var rehearsed: [JobRequest] = []
    /// What was asked of jobs that had failed.
    package var retried: [RetryRequest] = []
    package var breakers: [BreakerStanding] = []
    package var workflows: [Int64: WorkflowRecord] = [:]
    /// All workflows that were accepted.
    package var submittedWorkflows: [WorkflowRequest] = []
    /// What was asked of workflows: "cancel 3", "retryFailed 3".
    package var workflowCalls: [String] = []
    package var jobFilters: [JobFilter] = []
    package var historyFilters: [HistoryFilter] = []
  }

  private struct State {
    var contents = Contents()
    var waiters: [(id: Int, job: JobID, continuation: CheckedContinuation<Job, any Error>)] = []
    var waits = 0
    var followers: [AttemptID: AsyncStream<[UInt8]>.Continuation] = [:]
  }

  private let state = Mutex(State())
  private let eventSource: AsyncStream<Event>.Continuation
  /// What happens, in order; for one reader.
  package let events: AsyncStream<Event>

  /// Makes an empty service.
  package init() { (events, eventSource) = AsyncStream.makeStream() }

  package var history: any HistoryReader { self }
  package var logs: any AttemptLogs { self }

  /// The contents; to be changed by `change`.
  package var contents: Contents { state.withLock { $0.contents } }

  /// Changes the contents.
  package func change(_ body: (inout Contents) -> Void) { state.withLock { body(&$0.contents) } }

  // MARK: What a test makes happen

  /// Puts a job in, and ends the waits for it if it has ended.
  package func put(_ job: Job) {
    let done = state.withLock { state in
      state.contents.jobs[job.id] = job
      guard job.state.isFinal else { return [CheckedContinuation<Job, any Error>]() }
      let done = state.waiters.filter { $0.job == job.id }.map(\.continuation)
      state.waiters.removeAll { $0.job == job.id }
      return done
    }
    for continuation in done { continuation.resume(returning: job) }
  }

  /// Sends a piece to the follower of a log.
  package func send(_ bytes: [UInt8], to attempt: AttemptID) {
    _ = state.withLock { $0.followers[attempt]?.yield(bytes) }
  }

  /// Ends a followed log, as the end of its attempt does.
  package func endLog(of attempt: AttemptID) {
    state.withLock { $0.followers[attempt] }?.finish()
  }

  // MARK: JobService

  package func accept(_ requests: [JobRequest]) async throws -> [Acceptance] {
    try checkFailure()
    return state.withLock { state in
      state.contents.submitted += requests
      return requests.map { request in
        if let key = request.key?.text, let known = state.contents.keys[key] {
          return Acceptance(job: known, isNew: false)
        }
        let id = JobID(Int64(state.contents.jobs.count + 1))
        state.contents.jobs[id] = Self.job(id, request)
        if let key = request.key?.text { state.contents.keys[key] = id }
        return Acceptance(job: id)
      }
    }
  }

  package func cancel(_ id: JobID) async throws -> Job {
    try checkFailure()
    return try state.withLock { state in
      guard var job = state.contents.jobs[id] else { throw Refusal(.notFound, "there is no job \(id)") }
      guard !job.state.isFinal else { throw Refusal(.conflict, "job \(id) has ended: \(job.state.rawValue)") }
      job.state = .cancelled
      state.contents.jobs[id] = job
      return job
    }
  }

  package func rehearse(_ request: JobRequest) async throws -> Trial {
    try checkFailure()
    change { $0.rehearsed.append(request) }
    guard let trial = contents.trial else { throw TestFailure("the test gives no trial") }
    return trial
  }

  package func explain(_ id: JobID) async throws -> Answer {
    try checkFailure()
    guard let answer = contents.answers[id] else { throw Refusal(.notFound, "there is no job \(id)") }
    return answer
  }

  package func reprioritise(_ id: JobID, to priority: Priority) async throws -> Job {
    try checkFailure()
    return try state.withLock { state in
      guard var job = state.contents.jobs[id] else { throw Refusal(.notFound, "there is no job \(id)") }
      guard !job.state.isFinal else { throw Refusal(.conflict, "job \(id) has ended: \(job.state.rawValue)") }
      job.submission.priority = priority
      state.contents.jobs[id] = job
      return job
    }
  }

  package func retry(_ ids: [JobID], _ request: RetryRequest) async throws -> [Job] {
    try checkFailure()
    change { $0.retried.append(request) }
    return try ids.map { id in
      guard var job = contents.jobs[id] else { throw Refusal(.notFound, "there is no job \(id)") }
      guard job.state == .failed else { throw Refusal(.conflict, "job \(id) is \(job.state.rawValue)") }
      job.state = .queued
      change { [job] in $0.jobs[id] = job }
      return job
    }
  }

  package func breakers() async -> [BreakerStanding] { contents.breakers }

  package func resetBreaker(of handler: String) async throws {
    try checkFailure()
    change { $0.breakers.removeAll { $0.handler == handler } }
  }

  /// How many attempts of each kind are counted.
  package static let window = 200

  package var learningWindow: Int { Self.window }

  package func statistics(of handler: String) async throws -> [Statistics] {
    try checkFailure()
    guard let found = contents.statistics[handler] else {
      throw Refusal(.notFound, "there is no handler `\(handler)`")
    }
    return found
  }

  package func recommendation(for handler: String) async throws -> Recommendation {
    try checkFailure()
    guard let found = contents.recommendations[handler] else {
      throw Refusal(.notFound, "there is no handler `\(handler)`")
    }
    return found
  }

  package func wait(for id: JobID, atMost time: Duration) async throws -> Job {
    try checkFailure()
    guard let job = contents.jobs[id] else { throw Refusal(.notFound, "there is no job \(id)") }
    defer { eventSource.yield(.waitEnded(id)) }
    if job.state.isFinal || time == .zero {
      eventSource.yield(.waiting(id, atMost: time))
      return job
    }
    let number = state.withLock { state in
      state.waits += 1
      return state.waits
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        // Only then is it said, so that an end that follows finds the waiter.
        state.withLock { $0.waiters.append((number, id, continuation)) }
        eventSource.yield(.waiting(id, atMost: time))
        if Task.isCancelled { abandon(number) }
      }
    } onCancel: {
      abandon(number)
    }
  }

  private func abandon(_ number: Int) {
    let waiter = state.withLock { state in
      state.waiters.firstIndex { $0.id == number }.map { state.waiters.remove(at: $0) }
    }
    waiter?.continuation.resume(throwing: CancellationError())
  }

  package func standing(of id: JobID) async -> Standing? { contents.standings[id] }
  package func usage(of id: JobID) async -> (attempt: AttemptID, series: UsageSeries)? {
    contents.usage.first { $0.key.job == id }.map { ($0.key, $0.value) }
  }
  package func catalog() async -> Catalog { contents.catalog }
  package func cluster() async -> ClusterReport? { contents.cluster }

  package func status() async -> RunnerStatus {
    guard let status = contents.status else { preconditionFailure("the test gives no status") }
    return status
  }

  package func top(queued count: Int) async -> RunnerTop {
    change { $0.topCounts.append(count) }
    return RunnerTop(
      status: await status(), top: contents.top, progress: contents.progress,
      whereabouts: contents.cluster?.attempts ?? [:])
  }

  // MARK: HistoryReader

  package func job(_ id: JobID) async throws -> Job? {
    try checkFailure()
    return contents.jobs[id]
  }

  package func jobs(matching filter: JobFilter) async throws -> [Job] {
    try checkFailure()
    change { $0.jobFilters.append(filter) }
    let all = contents.jobs.values.sorted { $0.id > $1.id }
    let matching = all.filter { job in
      (filter.states.isEmpty || filter.states.contains(job.state))
        && (filter.before.map { job.id < $0 } ?? true)
    }
    return Array(matching.prefix(filter.limit))
  }

  package func attempts(of id: JobID) async throws -> [Attempt] { contents.attempts[id] ?? [] }
  package func result(of id: JobID) async throws -> JobResult? { contents.results[id] }

  package func history(matching filter: HistoryFilter) async throws -> [HistoryRow] {
    try checkFailure()
    change { $0.historyFilters.append(filter) }
    let rows = contents.rows
    let last = filter.after.flatMap { place in rows.firstIndex { $0.attempt.id == place.attempt } }
    return Array(rows.dropFirst(last.map { $0 + 1 } ?? 0).prefix(filter.limit))
  }

  package func summaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    change { $0.historyFilters.append(filter) }
    return contents.summaries
  }

  package func reportedFigures(lastOfEach count: Int, handler: String?) async throws -> [ReportedFigure] {
    Array(contents.figures.filter { handler == nil || $0.handler == handler }.prefix(count))
  }

  package func buildSummaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    change { $0.historyFilters.append(filter) }
    return contents.buildSummaries
  }

  package func builds(of handler: String) async throws -> PluginBuilds {
    try checkFailure()
    guard let builds = contents.builds[handler] else {
      throw Refusal(.notFound, "there is no handler `\(handler)`")
    }
    return builds
  }

  package func rollback(_ handler: String) async throws -> PluginBuilds {
    let builds = try await builds(of: handler)
    change { $0.operations.append("rollback \(handler)") }
    return builds
  }

  package func workflow(_ id: Int64) async throws -> WorkflowRecord? {
    try checkFailure()
    return contents.workflows[id]
  }

  package func workflows(before: Int64?, limit: Int) async throws -> [WorkflowSummary] {
    try checkFailure()
    let all = contents.workflows.values.filter { $0.id < before ?? .max }
    return all.sorted { $0.id > $1.id }.prefix(limit).map(\.summary)
  }

  package func evidence(lastOfEach count: Int) async throws -> [Evidence] { [] }

  package func plugins() async throws -> [Plugin] { contents.catalog.plugins }

  // MARK: AttemptLogs

  package func read(_ attempt: AttemptID, from offset: Int64, atMost count: Int) async throws -> [UInt8]? {
    try checkFailure()
    return contents.logs[attempt].map { Array($0.dropFirst(Int(offset)).prefix(count)) }
  }

  package func follow(_ attempt: AttemptID) async throws -> AsyncStream<[UInt8]>? {
    try checkFailure()
    guard let head = contents.logs[attempt] else { return nil }
    let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
    continuation.onTermination = { [eventSource] _ in eventSource.yield(.followEnded(attempt)) }
    state.withLock { $0.followers[attempt] = continuation }
    if !head.isEmpty { continuation.yield(head) }
    eventSource.yield(.following(attempt))
    return stream
  }

  // MARK: Making things

  func checkFailure() throws {
    if let failure = contents.failure { throw failure }
  }

  /// Makes a queued job of a request.
  package static func job(_ id: JobID, _ request: JobRequest, state: JobState = .queued) -> Job {
    let terms = Terms(
      limits: Limits(memory: .mebibytes(256), cpuMillis: 1000, pids: 64), timeout: .seconds(3600),
      grace: .seconds(10), maxAttempts: 1, retryDelay: .seconds(10))
    let submission = Submission(
      handler: request.handler, parameters: .object(request.parameters), wishes: request.wishes,
      terms: terms.amended(by: request.wishes), priority: request.priority, jobClass: request.jobClass,
      labels: request.labels, notBefore: request.notBefore)
    return Job(
      id: id, submission: submission, inputLength: request.input.map { Bytes(Int64($0.count)) },
      submitted: Timestamp(microseconds: 1_700_000_000_000_000), state: state)
  }
}
