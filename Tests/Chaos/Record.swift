import MillraceCore
import MillraceEngine
import MillraceStore

/// All of the record, as it is in the database when no runner is there.
struct Record {
  private(set) var jobs: [JobID: Job] = [:]
  private(set) var attempts: [JobID: [Attempt]] = [:]
  /// How many bytes each job's result has; nil for none.
  private(set) var results: [JobID: Int] = [:]

  /// Reads it; throws `StoreError`.
  init(reading database: String) async throws {
    let history = try SQLiteHistory(opening: database)
    var filter = JobFilter()
    filter.limit = 1000
    while true {
      let page = try await history.jobs(matching: filter)
      for job in page {
        jobs[job.id] = job
        attempts[job.id] = try await history.attempts(of: job.id)
        results[job.id] = try await history.result(of: job.id)?.bytes.count
      }
      guard let last = page.last else { break }
      filter.before = last.id
    }
    try history.close()
  }
}
