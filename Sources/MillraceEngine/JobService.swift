package import MillraceCore

/// What the runner does for those who come from outside: the API serves this and nothing else.
package protocol JobService: ControlService {
  /// Accepts all of the requests, or none; returned means committed. One whose key is taken gets the job that
  /// has it.
  /// - Throws: `Refusal`, with the index of the first request that is not taken.
  func accept(_ requests: [JobRequest]) async throws -> [Acceptance]
  /// Accepts a workflow with all of its jobs, or nothing; returned means committed.
  /// - Throws: `Refusal`, with the index of the first request that is not taken.
  func submit(_ workflow: WorkflowRequest) async throws -> AcceptedWorkflow
  /// Cancels all jobs of a workflow that have not ended; returns at once.
  /// - Throws: `Refusal` if there is no such workflow or it has ended.
  func cancel(workflow: Int64) async throws -> WorkflowRecord
  /// Lets the failed jobs of a workflow begin anew, and those that ended or are held because of them.
  /// - Throws: `Refusal` if there is no such workflow, it has not ended, or no job of it failed.
  func retryFailed(workflow: Int64) async throws -> WorkflowRecord
  /// Cancels a job; returns the job as it is then. A running attempt is stopped; that it is cancelled is on
  /// record, so that it ends as that even if the runner does not live to see it. While the record can't be
  /// written, it is stopped all the same.
  /// - Throws: `Refusal` if there is no such job or it has ended.
  func cancel(_ job: JobID) async throws -> Job
  /// Returns a job when it has ended, or as it is when the time is up.
  func wait(for job: JobID, atMost time: Duration) async throws -> Job
  /// Returns what would become of a request if it were submitted now; nothing is accepted.
  /// - Throws: `Refusal`, as `submit` would.
  func rehearse(_ request: JobRequest) async throws -> Trial
  /// Returns why a job waits, or why it started when it did.
  /// - Throws: `Refusal` if there is no such job.
  func explain(_ job: JobID) async throws -> Answer
  /// Gives a job another priority; it keeps the time that it has waited. Returns the job as it is then.
  /// - Throws: `Refusal` if there is no such job or it has ended.
  func reprioritise(_ job: JobID, to priority: Priority) async throws -> Job
  /// Lets jobs that failed begin anew under their numbers, all or none, with all attempts before them.
  /// Returns the jobs as they are then.
  /// - Throws: `Refusal` if one is not there, has not failed, or wants what can't be.
  func retry(_ jobs: [JobID], _ request: RetryRequest) async throws -> [Job]
  /// Returns how the breakers are that have something to tell, by handler.
  func breakers() async -> [BreakerStanding]
  /// Closes the breaker of a handler.
  /// - Throws: `Refusal` if nobody knows such a handler.
  func resetBreaker(of handler: String) async throws
  /// Returns what was learned of a handler's jobs: all of them first, then its classes by name.
  /// - Throws: `Refusal` if nobody knows such a handler.
  func statistics(of handler: String) async throws -> [Statistics]
  /// How many of the last attempts of each kind of job are counted in statistics.
  var learningWindow: Int { get async }
  /// Returns limits that fit what a handler's jobs have shown.
  /// - Throws: `Refusal` if no plugin in use has the handler.
  func recommendation(for handler: String) async throws -> Recommendation
  /// Returns what is known of a job only while it waits or runs; nil once it has ended.
  func standing(of job: JobID) async -> Standing?
  /// Returns what the running attempt of a job has used over its time; nil if none runs.
  func usage(of job: JobID) async -> (attempt: AttemptID, series: UsageSeries)?
  /// Returns the runner's state.
  func status() async -> RunnerStatus
  /// Returns the runner's state with what runs and the first of what waits: at most `count` of these.
  func top(queued count: Int) async -> RunnerTop
  /// Returns how the cluster is and what is there; nil if there is none in the configuration.
  func cluster() async -> ClusterReport?
  /// Returns the plugins in use and the files that were refused.
  func catalog() async -> Catalog
  /// Returns the builds of the plugin that has a handler, with what its attempts have shown.
  /// - Throws: `Refusal` if nobody knows such a handler.
  func builds(of handler: String) async throws -> PluginBuilds
  /// Goes back to the build before the one that serves, until another one is put into the plugin directory.
  /// - Returns: the builds as they are then.
  /// - Throws: `Refusal` if nobody knows such a handler, or there is no build to go back to.
  func rollback(_ handler: String) async throws -> PluginBuilds
  /// Returns the record.
  var history: any HistoryReader { get }
  /// Returns the output of attempts.
  var logs: any AttemptLogs { get }
}

extension JobService {
  /// Accepts all of the requests, or none; returns the numbers of their jobs.
  package func submit(_ requests: [JobRequest]) async throws -> [JobID] {
    try await accept(requests).map(\.job)
  }
}

/// What is known of a job only while it waits or runs.
package struct Standing: Sendable, Equatable {
  /// The newest progress of its running attempt; nil if none was reported.
  package var progress: Progress?
  /// The gates that a queued job is behind, open and closed; empty if it is not queued.
  package var gates: [GateVerdict]
  /// What the running attempt uses now.
  package var usage: UsageSample?
  /// Where in the cluster its attempt is; nil if it has none there.
  package var whereabouts: Whereabouts?

  package init(
    progress: Progress? = nil, gates: [GateVerdict] = [], usage: UsageSample? = nil,
    whereabouts: Whereabouts? = nil
  ) {
    self.whereabouts = whereabouts
    self.progress = progress
    self.gates = gates
    self.usage = usage
  }
}

/// The plugins in use and the files that were refused.
package struct Catalog: Sendable, Equatable {
  package var plugins: [Plugin]
  package var refused: [RefusedPlugin]
  /// How many of the files are a build in quarantine, by what put it there.
  package var quarantined: [Build.Cause: Int] = [:]

  package init(plugins: [Plugin], refused: [RefusedPlugin]) {
    self.plugins = plugins
    self.refused = refused
  }
}
