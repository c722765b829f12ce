import Dispatch
import GRDB
package import MillraceCore
package import MillraceEngine

/// Jobs and attempts in an SQLite database: the one that writes.
///
/// Writes are not stopped by the cancellation of the task that asked for them: what was begun is committed or
/// fails for a reason of its own, so that the engine never has to guess which.
package final class SQLiteJobStore: JobStore {
  let pool: DatabasePool
  private let history: SQLiteHistory
  private let blobs: BlobDirectory
  private let lock: WriterLock
  private let file: String

  /// Opens the database in `file`, or makes it; its directory must be there (mode 0700).
  ///
  /// Takes the right to write for as long as the store is open, and removes payload files that a transaction
  /// which never finished left behind. Throws `StoreError`.
  package convenience init(opening file: String) throws {
    try self.init(opening: DatabaseFile(path: file))
  }

  init(opening database: DatabaseFile) throws {
    blobs = database.blobs
    file = database.path
    try blobs.make()
    lock = try WriterLock(directory: blobs.path)
    pool = try database.openForWriting()
    history = SQLiteHistory(reader: pool, file: database)
    do {
      let named = try pool.read { db in
        try String.fetchSet(
          db,
          sql:
            "SELECT file FROM input WHERE file NOTNULL UNION ALL SELECT file FROM result WHERE file NOTNULL")
      }
      try blobs.removeOrphans(named: named)
    } catch {
      throw StoreError("open the database", in: file, cause: error)
    }
  }

  /// Closes the database and gives up the right to write; what is asked after that throws.
  package func close() throws {
    // The pool closes its writer first, but only a writer that closes last empties the log and removes it. So
    // its readers go before that.
    pool.releaseMemory()
    try history.close()
    lock.release()
  }

  package func accept(_ submissions: [Submission], at now: Timestamp) async throws -> [JobID] {
    let inputs = try await place(submissions.map(\.input))
    return try await write("accept \(submissions.count) jobs", placing: inputs) { db in
      try zip(submissions, inputs).map { submission, input in
        let id = try JobRow.insert(submission, at: now, in: db)
        try input?.insertInput(of: id, in: db)
        return id
      }
    }
  }

  package func commit(_ changes: [StoreChange]) async throws {
    let results = try await place(
      changes.map { change in if case .ended(_, let end, _) = change { end.result?.bytes } else { nil } })
    let file = file
    try await write("commit \(changes.count) changes", placing: results) { db in
      let writer = ChangeWriter(db: db, file: file)
      for (change, result) in zip(changes, results) { try writer.write(change, result: result) }
    }
  }

  /// The newest time on record at which something was submitted or started; nil for an empty record.
  package func newestTime() async throws -> Timestamp? {
    try await history.read("read the newest time on record") { db in
      let sql = "SELECT max((SELECT max(submitted) FROM job), ifnull((SELECT max(starting) FROM attempt), 0))"
      return try Int64.fetchOne(db, sql: sql).map { Timestamp(microseconds: $0) }
    }
  }

  package func payload(of job: JobID) async throws -> StoredPayload {
    let (file, blobs) = (file, blobs)
    return try await history.read("read the payload of job `\(job)`") { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT job.parameters, job.trace_parent, input.job, input.size, input.bytes, input.file
          FROM job LEFT JOIN input ON input.job = job.id WHERE job.id = ?
          """)
      guard let row = try Row.fetchOne(statement, arguments: [job.rawValue]) else {
        throw StoreError(
          action: "read a payload", file: file, reason: .wrongState, detail: "job `\(job)` is not there")
      }
      var reader = RowReader(row)
      let parameters = try JobRow.parameters(from: reader.value())
      let traceParent: String? = reader.optional()
      let hasInput = (reader.optional() as Int64?) != nil
      let input = hasInput ? try Payload.read(&reader).bytes(from: blobs) : nil
      return StoredPayload(parameters: parameters, input: input, traceParent: traceParent)
    }
  }

  package func unfinished() async throws -> [UnfinishedJob] {
    try await history.read("read the unfinished jobs") { db in
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT job.id, \(JobRow.columns), attempt.job NOTNULL, \(AttemptRow.columns)
          FROM job INDEXED BY job_unfinished LEFT JOIN attempt ON attempt.job = job.id
            AND attempt.number = job.attempts AND attempt.outcome IS NULL
          WHERE job.ended IS NULL ORDER BY job.id
          """)
      var jobs: [UnfinishedJob] = []
      while let row = try rows.next() {
        var reader = RowReader(row)
        let job = try JobRow.read(&reader)
        let isOpen: Bool = try reader.value()
        jobs.append(UnfinishedJob(job: job, openAttempt: isOpen ? try AttemptRow.read(&reader) : nil))
      }
      return jobs
    }
  }

  package func evidence(lastOfEach count: Int) async throws -> [Evidence] {
    try await history.read("read what the last attempts have shown") { db in
      try EvidenceQuery(count: count).read(in: db)
    }
  }

  package func note(_ plugins: [Plugin], at now: Timestamp) async throws {
    try await write("note \(plugins.count) plugins", placing: []) { db in
      for plugin in plugins { try PluginRows.note(plugin, at: now, in: db) }
    }
  }

  /// Finds a place for each payload: files are written and synced before the transaction that names them.
  private func place(_ payloads: [[UInt8]?]) async throws -> [Payload?] {
    guard payloads.contains(where: { $0?.count ?? 0 > Payload.largestRow }) else {
      return payloads.map { $0.map(Payload.row) }
    }
    let blobs = blobs
    return try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        var placed: [Payload?] = []
        do {
          for bytes in payloads {
            guard let bytes, bytes.count > Payload.largestRow else {
              placed.append(bytes.map(Payload.row))
              continue
            }
            placed.append(.file(name: try blobs.write(bytes), size: bytes.count))
          }
          continuation.resume(returning: placed)
        } catch {
          Self.discard(placed, in: blobs)
          continuation.resume(throwing: error)
        }
      }
    }
  }

  private static func discard(_ payloads: [Payload?], in blobs: BlobDirectory) {
    for case .file(let name, _)? in payloads { blobs.remove(name) }
  }

  /// Writes in one transaction, committed to the disk; if it fails, the files placed for it go too.
  private func write<Value: Sendable>(
    _ action: String, placing payloads: [Payload?], _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    do {
      return try await withCheckedThrowingContinuation { continuation in
        pool.asyncWrite(body) { _, result in continuation.resume(with: result) }
      }
    } catch {
      Self.discard(payloads, in: blobs)
      throw StoreError(action, in: file, cause: error)
    }
  }
}

extension SQLiteJobStore {
  package func job(_ id: JobID) async throws -> Job? { try await history.job(id) }
  package func jobs(matching filter: JobFilter) async throws -> [Job] {
    try await history.jobs(matching: filter)
  }
  package func attempts(of job: JobID) async throws -> [Attempt] { try await history.attempts(of: job) }
  package func result(of job: JobID) async throws -> JobResult? { try await history.result(of: job) }

  package func history(matching filter: HistoryFilter) async throws -> [HistoryRow] {
    try await history.history(matching: filter)
  }

  package func summaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    try await history.summaries(matching: filter)
  }

  package func plugins() async throws -> [Plugin] { try await history.plugins() }
}
