package import MillraceCore

/// One committed step of a job or an attempt: what the store writes.
///
/// Each is an `UPDATE … WHERE state = expected`: a step from any other state is a bug and fails the commit.
package enum StoreChange: Sendable {
  /// The job is admitted: from `queued` to `starting`, with a new attempt.
  case starting(Attempt)
  /// The attempt's process exists: from `starting` to `running`.
  case running(AttemptID, at: Timestamp)
  /// The attempt ended, and the job goes where `next` says.
  case ended(AttemptID, AttemptEnd, next: AfterAttempt)
  /// A job that is not running was cancelled.
  case cancelled(JobID, at: Timestamp)
  /// The time of a `scheduled` job has come: it is `queued`.
  case due(JobID)
  /// The processes of a running attempt are stopped by the kernel.
  case frozen(AttemptID, at: Timestamp)
  /// They go on.
  case thawed(AttemptID, at: Timestamp)
  /// A job that has not ended has another priority.
  case reprioritised(JobID, Priority)
}

/// Everything of a job that an attempt needs and the scheduler does not keep.
package struct StoredPayload: Sendable {
  /// The parameters, as they were accepted.
  package var parameters: JSONValue
  /// The input; nil if none was given.
  package var input: [UInt8]?
  package var traceParent: String?

  package init(parameters: JSONValue, input: [UInt8]?, traceParent: String?) {
    self.parameters = parameters
    self.input = input
    self.traceParent = traceParent
  }
}

/// A job that had not ended when the runner was last here, with its open attempt if it has one.
package struct UnfinishedJob: Sendable {
  package var job: Job
  /// The attempt that was `starting` or `running`; nil if none was.
  package var openAttempt: Attempt?

  package init(job: Job, openAttempt: Attempt?) {
    self.job = job
    self.openAttempt = openAttempt
  }
}

/// Where jobs and attempts are kept. One writer: the engine.
package protocol JobStore: HistoryReader {
  /// Makes jobs of submissions, all or none; returned means committed to the disk.
  func accept(_ submissions: [Submission], at now: Timestamp) async throws -> [JobID]
  /// Commits changes in one transaction, all or none, in this order.
  func commit(_ changes: [StoreChange]) async throws
  /// Returns what an attempt at a job needs.
  func payload(of job: JobID) async throws -> StoredPayload
  /// Returns all jobs that have not ended, by number.
  func unfinished() async throws -> [UnfinishedJob]
  /// Returns what the last attempts of each handler and class have shown, in the order of their ends: those
  /// whose outcome is evidence (`Outcome.isEvidence`), at most `count` of each.
  func evidence(lastOfEach count: Int) async throws -> [Evidence]
  /// Notes the builds of plugins that were seen, with their handlers.
  func note(_ plugins: [Plugin], at now: Timestamp) async throws
}
