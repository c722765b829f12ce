import GRDB
import MillraceCore
import MillraceEngine

/// Entries of the audit as rows of the table `audit`.
enum AuditRows {
  /// What the schema `v8` adds.
  static let table = """
    CREATE TABLE audit (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      time INTEGER NOT NULL,
      principal TEXT NOT NULL CHECK (principal <> ''),
      role TEXT NOT NULL CHECK (role <> ''),
      origin TEXT NOT NULL CHECK (origin <> ''),
      action TEXT NOT NULL CHECK (action <> ''),
      status INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599)
    ) STRICT;
    CREATE INDEX audit_principal ON audit (principal, number);
    """

  static func insert(_ entry: AuditEntry, in db: Database) throws {
    try db.cachedStatement(
      sql: "INSERT INTO audit (time, principal, role, origin, action, status) VALUES (?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [
      entry.time.rawValue, entry.principal, entry.role, entry.origin, entry.action, entry.status,
    ])
  }

  /// The statement that finds entries.
  static func query(_ filter: AuditFilter) -> SQL {
    var sql = SQL(
      sql: """
        SELECT number, time, principal, role, origin, action, status FROM audit WHERE number < ?
        """, arguments: [filter.before ?? .max])
    if let principal = filter.principal { sql += SQL(sql: " AND principal = ?", arguments: [principal]) }
    return sql + SQL(sql: " ORDER BY number DESC LIMIT ?", arguments: [filter.limit])
  }

  static func read(_ reader: inout RowReader) throws -> AuditEntry {
    let number: Int64 = try reader.value()
    var entry = AuditEntry(
      time: try reader.time(), principal: try reader.value(), role: try reader.value(),
      origin: try reader.value(), action: try reader.value(), status: try reader.int())
    entry.number = number
    return entry
  }
}
