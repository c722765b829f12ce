import Dispatch
import FoundationEssentials
import GRDB
package import MillraceCore
package import MillraceEngine
import Synchronization

/// Jobs and attempts in an SQLite database: the one that writes.
///
/// Writes are not stopped by the cancellation of the task that asked for them: what was begun is committed or
/// fails for a reason of its own, so that the engine never has to guess which.
package final class SQLiteJobStore: JobStore {
  let pool: DatabasePool
  let history: SQLiteHistory
  let blobs: BlobDirectory
  package let activity: AsyncStream<Void>
  let activityRing: AsyncStream<Void>.Continuation
  private let lock: WriterLock
  let file: String
  /// The largest number that a job has had.
  private let lastJob: Mutex<Int64>
  package let live: LiveFeed
  /// How many transitions are kept at most.
  private let keptTransitions: Int64

  /// Opens the database in `file`, or makes it; its directory must be there (mode 0700).
  ///
  /// Takes the right to write for as long as the store is open, and removes payload files that a transaction
  /// which never finished left behind. Throws `StoreError`.
  package convenience init(opening file: String) throws {
    try self.init(opening: DatabaseFile(path: file))
  }

  init(opening database: DatabaseFile) throws {
    (activity, activityRing) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    blobs = database.blobs
    file = database.path
    try blobs.make()
    lock = try WriterLock(directory: blobs.path)
    pool = try database.openForWriting()
    keptTransitions = database.keptTransitions
    live = LiveFeed(after: try pool.read { try TransitionRows.last(in: $0) })
    history = SQLiteHistory(reader: pool, file: database)
    do {
      let (names, last) = try pool.read { db in
        let last = try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'job'")
        return (Set(try BlobDirectory.names(onRecord: db)), last ?? 0)
      }
      lastJob = Mutex(last)
      try blobs.removeOrphans(named: names)
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

  package func accept(_ submissions: [Submission], at now: Timestamp) async throws -> [Acceptance] {
    try await accept(submissions, of: nil, at: now).jobs
  }

  package func accept(
    _ submissions: [Submission], as workflow: WorkflowHead, at now: Timestamp
  ) async throws -> AcceptedWorkflow {
    try await accept(submissions, of: workflow, at: now)
  }

  /// Accepts jobs; the number is 0 if they are of no workflow.
  private func accept(
    _ submissions: [Submission], of workflow: WorkflowHead?, at now: Timestamp
  ) async throws -> AcceptedWorkflow {
    let inputs = try await place(submissions.map(\.input))
    let file = file
    let accepted = try await write(
      "accept \(submissions.count) jobs", placing: inputs, tellingAt: now
    ) { db, telling in
      if let known = try WorkflowRows.known(workflow, at: now, in: db) { return known }
      let writer = AcceptanceWriter(db: db, file: file, now: now, telling: telling)
      let id = try workflow.map { try WorkflowRows.insert($0, at: now, in: db) }
      var batch: [JobID] = []
      let jobs = try zip(submissions, inputs).map { submission, input in
        let acceptance = try writer.accept(submission, workflow: id, input: input, batch: batch)
        batch.append(acceptance.job)
        return acceptance
      }
      return AcceptedWorkflow(id: id ?? 0, jobs: jobs)
    }
    noteNumbers(accepted.jobs.map(\.job))
    activityRing.yield()
    let unused = accepted.isNew ? zip(accepted.jobs, inputs).filter { !$0.0.isNew }.map(\.1) : inputs
    Self.discard(unused, in: blobs)
    return accepted
  }

  package var nextJob: JobID { JobID(lastJob.withLock { $0 } + 1) }

  /// Takes note of the numbers of jobs that are on record.
  func noteNumbers(_ jobs: [JobID]) {
    lastJob.withLock { last in last = jobs.reduce(last) { max($0, $1.rawValue) } }
  }

  package func commit(_ changes: [StoreChange], at now: Timestamp) async throws {
    let payloads = try await place(changes.map(\.payload))
    let file = file
    let jobs = changes.compactMap { if case .accepted(let job, _, _) = $0 { job } else { nil } }
    let action = jobs.isEmpty ? "commit \(changes.count) changes" : "accept \(jobs.count) jobs"
    try await write(action, placing: payloads, tellingAt: now) { db, telling in
      let writer = ChangeWriter(db: db, file: file, merged: MergedSteps(in: changes))
      for (change, payload) in zip(changes, payloads) {
        try writer.write(change, payload: payload)
        try telling.note(change)
      }
    }
    noteNumbers(jobs)
    activityRing.yield()
  }

  /// The newest time on record at which something was submitted or started; nil for an empty record.
  package func newestTime() async throws -> Timestamp? {
    try await history.read("read the newest time on record") { db in
      let sql = "SELECT max((SELECT max(submitted) FROM job), ifnull((SELECT max(starting) FROM attempt), 0))"
      return try Int64.fetchOne(db, sql: sql).map { Timestamp(microseconds: $0) }
    }
  }

  package func payload(of job: JobID) async throws -> StoredPayload {
    let query = PayloadQuery(file: file, blobs: blobs)
    return try await history.read("read the payload of job `\(job)`") { try query.read(of: job, in: $0) }
  }

  package func payloads(of jobs: [JobID], atMost size: Bytes) async -> [Result<StoredPayload, any Error>] {
    let query = PayloadQuery(file: file, blobs: blobs)
    do {
      let payloads = try await history.read("read payloads") { query.read(of: jobs, atMost: size, in: $0) }
      return payloads.map { payload in payload.mapError { history.failure("read a payload", $0) } }
    } catch {
      return [.failure(error)]
    }
  }

  package func unfinished(after last: JobID, atMost count: Int) async throws -> [UnfinishedJob] {
    try await history.read("read the unfinished jobs") { db in
      try UnfinishedQuery.read(after: last, atMost: count, in: db)
    }
  }

  package func evidence(lastOfEach count: Int) async throws -> [Evidence] {
    try await history.evidence(lastOfEach: count)
  }

  package func memos() async throws -> [Memo] {
    try await history.read("read what was noted") { db in
      try Row.fetchAll(db, sql: "SELECT kind, name, value FROM memo ORDER BY kind, name").map { row in
        var reader = RowReader(row)
        let kind = try reader.word(Memo.Kind.self)
        return Memo(kind, try reader.value(), try JSONText.decode(JSONValue.self, from: try reader.value()))
      }
    }
  }

  package func delete(_ choice: EndedJobs, atMost count: Int, at now: Timestamp) async throws -> Deletion {
    let (deletion, files) = try await write("delete ended jobs", placing: []) { db in
      try DeletionWriter(db: db).delete(EndedQuery(choice: choice, now: now), atMost: count)
    }
    // Only now: a file that is left here by a crash is an orphan, a row without its file would be damage.
    files.forEach(blobs.remove)
    return deletion
  }

  package func note(_ plugins: [Plugin], at now: Timestamp) async throws {
    try await write("note \(plugins.count) plugins", placing: []) { db in
      for plugin in plugins { try PluginRows.note(plugin, at: now, in: db) }
    }
  }

  /// Finds a place for each payload: files are written and synced before the transaction that names them.
  func place(_ payloads: [[UInt8]?]) async throws -> [Payload?] {
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

  static func discard(_ payloads: [Payload?], in blobs: BlobDirectory) {
    for case .file(let name, _)? in payloads { blobs.remove(name) }
  }

  /// Writes in one transaction, committed to the disk; if it fails, the files placed for it go too.
  func write<Value: Sendable>(
    _ action: String, placing payloads: [Payload?], _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await write(action, placing: payloads, tellingAt: nil) { db, _ in try body(db) }
  }

  /// The same with transitions, which are told at once: in the order of the commits, which is that of the
  /// queue on which this is called back.
  func write<Value: Sendable>(
    _ action: String, placing payloads: [Payload?], tellingAt time: Timestamp?,
    _ body: @escaping @Sendable (Database, TransitionWriter) throws -> Value
  ) async throws -> Value {
    do {
      return try await withCheckedThrowingContinuation { [live, keptTransitions] continuation in
        pool.asyncWrite { db in
          let telling = TransitionWriter(db: db)
          let value = try body(db, telling)
          guard let time else { return (value, []) }
          return (value, try telling.write(at: time, keeping: keptTransitions))
        } completion: { (_: Database, result: Result<(Value, [TransitionRow]), any Error>) in
          if case .success((_, let rows)) = result { live.publish(rows) }
          continuation.resume(with: result.map(\.0))
        }
      }
    } catch {
      Self.discard(payloads, in: blobs)
      let failure = StoreError(action, inOpened: file, cause: error)
      if failure.kind == .lasting { history.forgetPages() }
      throw failure
    }
  }
}

extension StoreChange {
  /// What can be large of it.
  fileprivate var payload: [UInt8]? {
    switch self {
    case .accepted(_, let submission, _): submission.input
    case .ended(_, let end, _): end.result?.bytes
    case .starting, .running, .late, .closed, .unblocked, .held, .cancelRequested, .carried, .revived,
      .due, .frozen, .thawed, .reprioritised, .memo, .announcedEnd, .announced, .told:
      nil
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

  package func reportedFigures(lastOfEach count: Int, handler: String?) async throws -> [ReportedFigure] {
    try await history.reportedFigures(lastOfEach: count, handler: handler)
  }

  package func buildSummaries(matching filter: HistoryFilter) async throws -> [HandlerSummary] {
    try await history.buildSummaries(matching: filter)
  }

  package func workflow(_ id: Int64) async throws -> WorkflowRecord? { try await history.workflow(id) }

  package func workflows(before: Int64?, limit: Int) async throws -> [WorkflowSummary] {
    try await history.workflows(before: before, limit: limit)
  }

  package func plugins() async throws -> [Plugin] { try await history.plugins() }
}
