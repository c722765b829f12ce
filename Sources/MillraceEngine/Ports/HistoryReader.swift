package import MillraceCore

/// What can be asked of the record; also with the runner down, by a read-only connection.
package protocol HistoryReader: Sendable {
  /// Returns a job; nil if there is none with that number.
  func job(_ id: JobID) async throws -> Job?
  /// Returns jobs, the newest first.
  func jobs(matching filter: JobFilter) async throws -> [Job]
  /// Returns the attempts at a job, in order.
  func attempts(of job: JobID) async throws -> [Attempt]
  /// Returns the result of a job's last succeeded attempt; nil if there is none.
  func result(of job: JobID) async throws -> JobResult?
  /// Returns attempts with their jobs.
  func history(matching filter: HistoryFilter) async throws -> [HistoryRow]
  /// Returns a line per handler, over all attempts that match (order, offset and limit are not used).
  func summaries(matching filter: HistoryFilter) async throws -> [HandlerSummary]
  /// Returns a line per handler and build of it, as `summaries` does; those of a handler from its first build
  /// to its newest, with what a build takes more of than the one before it.
  func buildSummaries(matching filter: HistoryFilter) async throws -> [HandlerSummary]
  /// Returns the figures that the last `count` results with figures of each handler tell, or of one handler,
  /// by handler and name.
  func reportedFigures(lastOfEach count: Int, handler: String?) async throws -> [ReportedFigure]
  /// Returns what the last attempts of each handler and class have shown, in the order of their ends: those
  /// whose outcome is evidence (`Outcome.isEvidence`), at most `count` of each.
  func evidence(lastOfEach count: Int) async throws -> [Evidence]
  /// Returns a workflow with its jobs; nil if there is none with that number.
  func workflow(_ id: Int64) async throws -> WorkflowRecord?
  /// Returns workflows, the newest first: at most `limit`, and only those with a lower number than `before`.
  func workflows(before: Int64?, limit: Int) async throws -> [WorkflowSummary]
  /// Returns the newest plugin builds on record, by name.
  func plugins() async throws -> [Plugin]
}
