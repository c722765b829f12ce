package import MillraceCore
package import MillraceEngine

extension Action {
  /// Somebody cancelled a job that is not running.
  package static func cancelled(_ job: JobID) -> Action { .close(job, .cancelled, .cancelled) }
}

extension StoreChange {
  /// Somebody cancelled a job that is not running.
  package static func cancelled(_ job: JobID, at time: Timestamp) -> StoreChange {
    .closed(job, .cancelled, .cancelled, at: time)
  }
}

extension JobStore {
  /// Accepts submissions and returns the numbers of their jobs.
  package func submit(_ submissions: [Submission], at now: Timestamp) async throws -> [JobID] {
    try await accept(submissions, at: now).map(\.job)
  }
}
