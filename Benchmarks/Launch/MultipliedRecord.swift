import Foundation
import GRDB
import MillraceCore
import MillraceStore

/// A record that is too large for the store to write all of it.
///
/// The store writes the last jobs, in a database of its own. SQL makes the rows of all jobs before them from
/// those: each column is what the store would have written (`prove`). Indexes are made when all rows are
/// there, so their pages are full, while pages of indexes that grow with the rows have room.
struct MultipliedRecord {
  /// How many attempts it has.
  let count: Int
  /// Its database.
  let file: String
  /// So many jobs are multiplied: the next ones have the same handlers, classes, labels, outcomes and batches
  /// again. The newest 1,000,000 transitions, which are all that a record keeps, are among theirs.
  var block = 150_000

  /// How many transitions a job has, from `accepted` to `succeeded`.
  private static let transitionsEach = 7
  /// What the jobs have rows in. Of all other tables only `transition` has any.
  private static let tables = ["job", "attempt", "label"]

  /// The first job that the store writes.
  private var first: Int { max(0, count - block) / block * block }
  /// The database of those that the store writes.
  private var written: String { file + ".written" }

  /// Makes it.
  func make() async throws {
    try await writeLast()
    try SQLiteJobStore(opening: file).close()
    let queue = try Self.open(file)
    try await queue.writeWithoutTransaction { db in
      // Until all of it is there, it is worth nothing.
      try db.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -524288")
      try db.execute(sql: "ATTACH ? AS written", arguments: [written])
      let indexes = try Self.indexes(in: db)
      for index in indexes { try db.execute(sql: "DROP INDEX \(index.name)") }
      try db.inTransaction {
        try fill(db)
        return .commit
      }
      for index in indexes { try db.execute(sql: index.sql) }
      try db.execute(sql: "DETACH written; PRAGMA journal_mode = WAL")
    }
    try queue.close()
    try Self.remove(written)
  }

  /// Lets the store write the last jobs behind as many numbers as those before them would have taken.
  private func writeLast() async throws {
    try SQLiteJobStore(opening: written).close()
    let queue = try Self.open(written)
    try await queue.write { db in
      try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('job', ?)", arguments: [first])
      try db.execute(
        sql: "INSERT INTO transition (number, time, content) VALUES (?, 0, '[]')",
        arguments: [first * Self.transitionsEach])
    }
    try queue.close()
    try await MadeRecord.ended(first..<count, in: written)
  }

  /// Adds all rows in the order of the jobs' numbers, as the store does.
  private func fill(_ db: Database) throws {
    for table in Self.tables + ["transition"] {
      try db.execute(sql: "DELETE FROM \(table)")
    }
    for begin in stride(from: 0, to: first, by: block) {
      for table in Self.tables { try multiply(table, from: begin, in: db) }
    }
    for table in Self.tables + ["transition"] {
      let columns = try Self.columns(of: table, in: db).joined(separator: ", ")
      try db.execute(
        sql: "INSERT INTO \(table) (\(columns)) SELECT \(columns) FROM written.\(table) ORDER BY 1, 2")
    }
    try db.execute(sql: "DELETE FROM transition WHERE content = '[]'")
    try db.execute(sql: "UPDATE sqlite_sequence SET seq = ? WHERE name = 'job'", arguments: [count])
    if db.changesCount == 0 {
      try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('job', ?)", arguments: [count])
    }
  }

  /// Adds the rows of the jobs from one number on, made from those that the store wrote first.
  private func multiply(_ table: String, from begin: Int, in db: Database) throws {
    let columns = try Self.columns(of: table, in: db)
    let values = columns.map { Self.changed[table]?[$0] ?? $0 }
    let id = table == "job" ? "id" : "job"
    try db.execute(
      sql: """
        INSERT INTO \(table) (\(columns.joined(separator: ", ")))
        SELECT \(values.joined(separator: ", ")) FROM (
          SELECT *, \(id) - 1 - ?1 AS nth, (\(id) - 1 - ?1) * 2654435761 % 1000003 AS mixed
          FROM written.\(table) WHERE \(id) > ?2 AND \(id) <= ?2 + ?3) ORDER BY \(id)
        """, arguments: [first - begin, first, block])
  }

  /// What differs between one job and another that is so many blocks behind it: `MadeRecord`'s own terms as
  /// SQL, of its number (`nth`).
  private static let changed: [String: [String: String]] = {
    let second: Int64 = 1_000_000
    let time = "\(MadeRecord.start.rawValue) + nth * \(second)"
    let starting = "\(time) + nth % 997 * 1000"
    let ended = "\(time) + (1000 + mixed % 60000) * 1000"
    return [
      "job": [
        "id": "nth + 1", "parameters": #"'{"number":' || nth || '}'"#,
        "submitted": "submitted - (id - 1 - nth) * \(second)", "ended": ended,
      ],
      "attempt": [
        "job": "nth + 1", "queued": time, "starting": starting, "started": "\(starting) + 1000",
        "ended": ended, "memory_peak": "mixed * 64", "cpu_user": "mixed", "cpu_system": "mixed / 3",
      ],
      "label": ["job": "nth + 1"],
    ]
  }()
}

extension MultipliedRecord {
  /// Compares a small record that is multiplied with one that the store has written alone.
  static func prove(besides file: String) async throws {
    let (count, paths) = (18_500, [file + ".alone", file + ".multiplied"])
    try await MadeRecord.ended(0..<count, in: paths[0])
    let record = MultipliedRecord(count: count, file: paths[1], block: 6000)
    try await record.make()
    let queue = try open(paths[1])
    try await queue.writeWithoutTransaction { db in
      try db.execute(sql: "ATTACH ? AS alone", arguments: [paths[0]])
      let tables = try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")
      for table in tables + ["sqlite_schema"] {
        // Of a schema, where something has its pages does not count.
        let columns = table == "sqlite_schema" ? "type, name, tbl_name, sql" : "*"
        // Those of earlier jobs are long gone from a large record.
        let part = table == "transition" ? "WHERE number > \(record.first * transitionsEach)" : ""
        let rows = ["main", "alone"].map { "SELECT \(columns) FROM \($0).\(table) \(part)" }
        let sql = """
          SELECT (SELECT count(*) FROM (\(rows[0]))) <> (SELECT count(*) FROM (\(rows[1])))
            OR EXISTS (\(rows[0]) EXCEPT \(rows[1]))
          """
        guard try Bool.fetchOne(db, sql: sql) == false else {
          throw BenchmarkError("`\(table)` is not as the store would have written it")
        }
      }
    }
    try queue.close()
    for path in paths { try remove(path) }
  }

  /// Foreign keys are for the check of the whole: it reads each row once more anyway.
  private static func open(_ file: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    return try DatabaseQueue(path: file, configuration: configuration)
  }

  private static func remove(_ file: String) throws {
    for path in [file, file + "-wal", file + "-shm"] where FileManager.default.fileExists(atPath: path) {
      try FileManager.default.removeItem(atPath: path)
    }
  }

  /// The indexes of the tables that are filled, in the order in which the schema has them.
  private static func indexes(in db: Database) throws -> [(name: String, sql: String)] {
    try GRDB.Row.fetchAll(
      db,
      sql: """
        SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
          AND tbl_name IN ('\(tables.joined(separator: "', '"))') ORDER BY rowid
        """
    ).map { ($0[0], $0[1]) }
  }

  /// What can be written of a table: all but generated columns.
  private static func columns(of table: String, in db: Database) throws -> [String] {
    try String.fetchAll(db, sql: "SELECT name FROM pragma_table_info(?)", arguments: [table])
  }
}
