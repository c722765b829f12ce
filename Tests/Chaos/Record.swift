import MillraceCore
import MillraceEngine
import MillraceStore

/// All of the record, as it is in the database when no runner is there.
struct Record {
  let jobs: [JobID: Job]
  let attempts: [JobID: [Attempt]]
  /// How many bytes each job's result has; nil for none.
  let results: [JobID: Int]

  init(jobs: [JobID: Job], attempts: [JobID: [Attempt]], results: [JobID: Int]) {
    self.jobs = jobs
    self.attempts = attempts
    self.results = results
  }

  /// Reads it; throws `StoreError`.
  init(reading database: String) async throws {
    let history = try SQLiteHistory(opening: database)
    var jobs: [JobID: Job] = [:]
    var attempts: [JobID: [Attempt]] = [:]
    var results: [JobID: Int] = [:]
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
    self.init(jobs: jobs, attempts: attempts, results: results)
  }
}
