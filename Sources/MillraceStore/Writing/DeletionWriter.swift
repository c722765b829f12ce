import GRDB
import MillraceCore
import MillraceEngine

/// Deletes ended jobs; the caller has the transaction, and removes the files when it is committed.
struct DeletionWriter {
  let db: Database

  /// Deletes jobs.
  /// - Returns: what was done, and the payload files that no row names any more.
  func delete(_ query: EndedQuery, atMost count: Int) throws -> (deletion: Deletion, files: [String]) {
    var (deletion, files, workflows) = (Deletion(), [String](), Set<Int64>())
    guard let list = query.list(atMost: count) else { return (deletion, files) }
    for row in try SQLRequest<Row>(literal: list).fetchAll(db) {
      var reader = RowReader(row)
      let id = JobID(try reader.value())
      let state = try reader.word(JobState.self)
      deletion.last = try reader.time()
      let tally = JobTally(jobs: 1, attempts: try reader.int(), bytes: try reader.bytes())
      deletion.jobs.append(id)
      deletion.tallies[state, default: JobTally()] = deletion.tallies[state, default: JobTally()] + tally
      files += try String.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT file FROM input WHERE job = ?1 AND file NOTNULL
            UNION ALL SELECT file FROM result WHERE job = ?1 AND file NOTNULL
            """), arguments: [id.rawValue])
      if let workflow = try Int64.fetchOne(
        db.cachedStatement(sql: "SELECT workflow FROM job WHERE id = ? AND workflow NOTNULL"),
        arguments: [id.rawValue])
      {
        workflows.insert(workflow)
      }
      // The rows of all other tables go with it by their foreign keys.
      try db.cachedStatement(sql: "DELETE FROM job WHERE id = ? AND ended NOTNULL")
        .execute(arguments: [id.rawValue])
    }
    for workflow in workflows.sorted() {
      try db.execute(
        sql: """
          DELETE FROM workflow WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM job WHERE job.workflow = ?1)
          """, arguments: [workflow])
    }
    return (deletion, files)
  }
}
