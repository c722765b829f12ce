import GRDB
import MillraceCore
import MillraceEngine

/// Reads the jobs that have not ended, as a new runner needs them, so many at a time.
///
/// There can be a million, and nobody is served before they are read. So labels, dependencies and attempts
/// are read along with them, not asked for by each, and parameters stay behind.
enum UnfinishedQuery {
  /// Number and `JobRow.bareColumns`.
  static let jobs = """
    SELECT job.id, \(JobRow.bareColumns) FROM job INDEXED BY job_unfinished
    WHERE ended IS NULL AND job.id > ? ORDER BY job.id LIMIT ?
    """

  static let labels = """
    SELECT label.job, label.key, label.value FROM job INDEXED BY job_unfinished CROSS JOIN label
    ON label.job = job.id WHERE job.ended IS NULL AND job.id > ? AND job.id <= ? ORDER BY job.id
    """

  static let dependencies = """
    SELECT dependency.job, dependency.needed, dependency.condition, dependency.name
    FROM job INDEXED BY job_unfinished CROSS JOIN dependency ON dependency.job = job.id
    WHERE job.ended IS NULL AND job.id > ? AND job.id <= ? ORDER BY job.id, dependency.position
    """

  static let attempts = """
    SELECT \(AttemptRow.columns) FROM job INDEXED BY job_unfinished CROSS JOIN attempt
    ON attempt.job = job.id AND attempt.number = job.attempts AND attempt.outcome IS NULL
    WHERE job.ended IS NULL AND job.id > ? AND job.id <= ? ORDER BY job.id
    """

  /// Reads those with the lowest numbers above one, in their order.
  static func read(after last: JobID, atMost count: Int, in db: Database) throws -> [UnfinishedJob] {
    var found: [UnfinishedJob] = []
    found.reserveCapacity(min(count, 10_000))
    try each(jobs, [last.rawValue, Int64(count)], in: db) { reader in
      found.append(UnfinishedJob(job: try JobRow.read(&reader), openAttempt: nil))
    }
    guard let end = found.last?.job.id.rawValue else { return [] }
    var place = 0
    /// Finds the job that a row belongs to; rows come in the order of jobs.
    func go(to job: JobID) throws {
      while place < found.count, found[place].job.id < job { place += 1 }
      guard place < found.count, found[place].job.id == job else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row belongs to no job")
      }
    }
    try each(labels, [last.rawValue, end], in: db) { reader in
      try go(to: JobID(try reader.value()))
      found[place].job.submission.labels[try reader.value()] = try reader.value() as String
    }
    place = 0
    try each(dependencies, [last.rawValue, end], in: db) { reader in
      try go(to: JobID(try reader.value()))
      found[place].job.submission.after.append(
        Dependency(
          .job(JobID(try reader.value())), try reader.word(Dependency.Condition.self), name: reader.optional()
        ))
    }
    place = 0
    try each(attempts, [last.rawValue, end], in: db) { reader in
      let attempt = try AttemptRow.read(&reader)
      try go(to: attempt.id.job)
      found[place].openAttempt = attempt
    }
    return found
  }

  private static func each(
    _ sql: String, _ bounds: StatementArguments, in db: Database, _ body: (inout RowReader) throws -> Void
  ) throws {
    let statement = try db.cachedStatement(sql: sql)
    let rows = try Row.fetchCursor(statement, arguments: bounds)
    while try rows.next() != nil {
      var reader = RowReader(at: statement)
      try body(&reader)
    }
  }
}
