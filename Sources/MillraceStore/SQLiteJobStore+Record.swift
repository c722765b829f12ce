import Dispatch
import GRDB
package import MillraceCore
package import MillraceEngine

extension SQLiteJobStore: RecordStore {
  /// How many pages go back to the file system in one transaction: 4 MiB.
  static let shrinkPages = 1024

  package func tallies(of choice: EndedJobs, at now: Timestamp) async throws -> [JobState: JobTally] {
    guard let sql = EndedQuery(choice: choice, now: now).tallies else { return [:] }
    return try await history.read("count ended jobs") { db in
      var tallies: [JobState: JobTally] = [:]
      let rows = try SQLRequest<Row>(literal: sql).fetchCursor(db)
      while let row = try rows.next() {
        var reader = RowReader(row)
        let state = try reader.word(JobState.self)
        tallies[state] = JobTally(
          jobs: try reader.int(), attempts: try reader.int(), bytes: try reader.bytes())
      }
      return tallies
    }
  }

  package func firstEnd(of choice: EndedJobs, at now: Timestamp) async throws -> Timestamp? {
    guard let sql = EndedQuery(choice: choice, now: now).list(atMost: 1) else { return nil }
    return try await history.read("look for the first end") { db in
      guard let row = try SQLRequest<Row>(literal: sql).fetchOne(db) else { return nil }
      return Timestamp(microseconds: row[2])
    }
  }

  package func ends(of jobs: [JobID]) async throws -> [JobID: JobEnd?] {
    guard !jobs.isEmpty else { return [:] }
    let numbers = "[\(jobs.map { "\($0.rawValue)" }.joined(separator: ","))]"
    return try await history.read("look up \(jobs.count) jobs") { db in
      let rows = try Row.fetchCursor(db, sql: Self.endsOfJobs, arguments: [numbers])
      var ends: [JobID: JobEnd?] = [:]
      while let row = try rows.next() {
        var reader = RowReader(row)
        let (id, state) = (JobID(try reader.value()), try reader.word(JobState.self))
        ends[id] = .some(reader.optionalTime().map { JobEnd(state: state, ended: $0) })
      }
      return ends
    }
  }

  static let endsOfJobs = """
    SELECT id, state, ended FROM job NOT INDEXED WHERE id IN (SELECT value FROM json_each(?))
    """

  package func builds(onRecord candidates: [String]) async throws -> Set<String> {
    try await history.read("look for \(candidates.count) builds") { db in
      Set(try candidates.filter { try Int.fetchOne(db, sql: Self.attemptOfBuild, arguments: [$0]) != nil })
    }
  }

  static let attemptOfBuild = """
    SELECT 1 FROM attempt INDEXED BY attempt_build
    WHERE substr(plugin_sha256, 1, 8) = substr(?1, 1, 8) AND plugin_sha256 = ?1 LIMIT 1
    """

  package func delete(_ choice: OldTicks, atMost count: Int) async throws -> RowDeletion {
    try await write("delete nominal times", placing: []) { db in
      try TickDeletionWriter(db: db).delete(OldTicksQuery(choice: choice), atMost: count)
    }
  }

  package func count(_ choice: OldTicks) async throws -> Int {
    try await history.read("count nominal times") { db in
      try SQLRequest<Int>(literal: OldTicksQuery(choice: choice).count).fetchOne(db) ?? 0
    }
  }

  package func firstOldTick() async throws -> Timestamp? {
    let query = OldTicksQuery(choice: OldTicks(before: Timestamp(rawValue: .max)))
    return try await history.read("look for the first nominal time") { db in
      try SQLRequest<Row>(literal: query.list(atMost: 1)).fetchOne(db).map { Timestamp(rawValue: $0[2]) }
    }
  }

  package func delete(_ choice: OldEvents, atMost count: Int) async throws -> RowDeletion {
    let file = file
    return try await write("delete events", placing: []) { db in
      try EventWriter(db: db, file: file).delete(OldEventsQuery(choice: choice), atMost: count)
    }
  }

  package func count(_ choice: OldEvents) async throws -> Int {
    try await history.read("count events") { db in
      try SQLRequest<Int>(literal: OldEventsQuery(choice: choice).count).fetchOne(db) ?? 0
    }
  }

  package func firstOldEvent() async throws -> Timestamp? {
    let query = OldEventsQuery(choice: OldEvents(before: Timestamp(rawValue: .max)))
    return try await history.read("look for the first event") { db in
      try SQLRequest<Row>(literal: query.list(atMost: 1)).fetchOne(db).map { Timestamp(rawValue: $0[1]) }
    }
  }

  package func size() async throws -> RecordSize {
    let (used, free, canShrink) = try await history.read("measure the database") { db in
      let page = try Self.pragma("page_size", db)
      let (all, free) = (try Self.pragma("page_count", db), try Self.pragma("freelist_count", db))
      return ((all - free) * page, free * page, try Self.pragma("auto_vacuum", db) == Self.incremental)
    }
    return RecordSize(
      database: Bytes(used), free: Bytes(free), payloads: try blobs.size(), canShrink: canShrink)
  }

  package func shrink() async throws -> Bytes {
    try await write("shorten the database", placing: []) { db in
      guard try Self.pragma("auto_vacuum", db) == Self.incremental else { return .zero }
      let before = try Self.pragma("page_count", db)
      // Each page is a step of the statement, so all of them have to be taken.
      _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum(\(Self.shrinkPages))")
      return Bytes((before - (try Self.pragma("page_count", db))) * (try Self.pragma("page_size", db)))
    }
  }

  /// <https://sqlite.org/pragma.html#pragma_auto_vacuum>
  private static let incremental: Int64 = 2

  private static func pragma(_ name: String, _ db: Database) throws -> Int64 {
    try Int64.fetchOne(db, sql: "PRAGMA \(name)") ?? 0
  }

  package func backup(to directory: String) async throws -> BackupReport {
    let backup = RecordBackup(pool: pool, file: file, blobs: blobs, target: directory)
    return try await blobs.keepingAll { try await backup.run() }
  }
}
