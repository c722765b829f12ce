import GRDB
package import MillraceCore
import MillraceEngine

/// The record, read only: for the command line while the runner is down, and the reading half of the store.
///
/// It never writes to the database. A live runner is neither disturbed nor waited for: readers see the last
/// commit.
package final class SQLiteHistory: HistoryReader {
  let reader: any DatabaseReader
  let blobs: BlobDirectory
  private let file: String

  /// Opens the database in `file`; throws `StoreError` if it is not there or can't be read.
  package convenience init(opening file: String) throws {
    self.init(reader: try DatabaseFile(path: file).openForReading(), file: DatabaseFile(path: file))
  }

  init(reader: any DatabaseReader, file: DatabaseFile) {
    self.reader = reader
    self.file = file.path
    blobs = file.blobs
  }

  /// Closes the database; what is asked after that throws.
  package func close() throws {
    do { try reader.close() } catch { throw StoreError("close the database", in: file, cause: error) }
  }

  package func job(_ id: JobID) async throws -> Job? {
    try await read("read job `\(id)`") { db in try JobRow.fetch(id, in: db) }
  }

  package func jobs(matching filter: JobFilter) async throws -> [Job] {
    try checkLimit(filter.limit)
    return try await read("list jobs") { db in
      try Self.fetch(JobQuery(filter: filter).sql, in: db) { try JobRow.read(&$0) }
    }
  }

  package func attempts(of job: JobID) async throws -> [Attempt] {
    try await read("read the attempts at job `\(job)`") { db in
      let sql: SQL =
        "SELECT \(sql: AttemptRow.columns) FROM attempt WHERE job = \(job.rawValue) ORDER BY number"
      return try Self.fetch(sql, in: db) { try AttemptRow.read(&$0) }
    }
  }

  package func result(of job: JobID) async throws -> JobResult? {
    let directory = blobs
    return try await read("read the result of job `\(job)`") { db in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT media_type, size, bytes, file FROM result WHERE job = ?1 AND number =
            (SELECT max(number) FROM attempt WHERE job = ?1 AND outcome = 'succeeded')
          """, arguments: [job.rawValue])
      guard let row else { return nil }
      var reader = RowReader(row)
      return JobResult(mediaType: try reader.value(), bytes: try Payload.read(&reader).bytes(from: directory))
    }
  }

  package func history(matching filter: HistoryFilter) async throws -> [HistoryRow] {
    try checkLimit(filter.limit)
    return try await read("list the history") { db in
      try Self.fetch(try HistoryQuery(filter, in: db).list, in: db) { reader in
        reader.skip(1)  // The sort key.
        return HistoryRow(
          attempt: try AttemptRow.read(&reader), jobState: try reader.word(JobState.self),
          priority: try reader.priority(), jobClass: reader.optional(), labels: try reader.labels())
      }
    }
  }

  package func summaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    try await read("sum up the history") { db in try Summaries.read(filter, in: db) }
  }

  package func buildSummaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    try await read("sum up the history by builds") { db in try Summaries.read(filter, by: .build, in: db) }
  }

  package func reportedFigures(lastOfEach count: Int, handler: String?) async throws -> [ReportedFigure] {
    try await read("read the figures in results") { db in
      try ReportedFigures.read(lastOfEach: count, handler: handler, in: db)
    }
  }

  package func evidence(lastOfEach count: Int) async throws -> [Evidence] {
    try await read("read what the last attempts have shown") { db in
      try EvidenceQuery(count: count).read(in: db)
    }
  }

  package func workflow(_ id: Int64) async throws -> WorkflowRecord? {
    try await read("read workflow \(id)") { db in try WorkflowRows.read(id, in: db) }
  }

  package func workflows(before: Int64?, limit: Int) async throws -> [WorkflowSummary] {
    try checkLimit(limit)
    return try await read("list workflows") { db in
      try WorkflowRows.list(before: before, limit: limit, in: db)
    }
  }

  package func plugins() async throws -> [Plugin] {
    try await read("list the plugins") { db in try PluginRows.newest(in: db) }
  }

  /// Reads in one snapshot; errors come as `StoreError`.
  func read<Value: Sendable>(
    _ action: String, _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    do {
      return try await reader.read(body)
    } catch let error as CancellationError {
      throw error
    } catch {
      throw failure(action, error)
    }
  }

  /// What a caller is told of an error while reading.
  func failure(_ action: String, _ cause: any Error) -> StoreError {
    let failure = StoreError(action, inOpened: file, cause: cause)
    if failure.kind == .lasting { forgetPages() }
    return failure
  }

  /// Drops the pages in memory: what was read wrong once must be read anew.
  func forgetPages() {
    switch reader {
    case let pool as DatabasePool: pool.releaseMemoryEventually()
    case let queue as DatabaseQueue: queue.releaseMemory()
    default: break
    }
  }

  static func fetch<Value>(
    _ sql: SQL, in db: Database, _ decode: (inout RowReader) throws -> Value
  ) throws -> [Value] {
    var values: [Value] = []
    let (text, arguments) = try sql.build(db)
    let statement = try db.makeStatement(sql: text)
    let rows = try Row.fetchCursor(statement, arguments: arguments)
    while try rows.next() != nil {
      var reader = RowReader(at: statement)
      values.append(try decode(&reader))
    }
    return values
  }

  func checkLimit(_ limit: Int) throws {
    guard (1...10_000).contains(limit) else {
      throw StoreError(
        action: "list", file: file, reason: .unfit,
        detail: "a list has 1 to 10000 rows, but \(limit) were asked for")
    }
  }
}
