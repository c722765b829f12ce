import GRDB
package import MillraceCore
package import MillraceEngine

extension SQLiteJobStore {
  package func note(_ entry: AuditEntry) async throws {
    try await write("note who changed something", placing: []) { try AuditRows.insert(entry, in: $0) }
  }

  package func audit(_ filter: AuditFilter) async throws -> [AuditEntry] {
    try await history.read("read the audit") { db in
      try SQLiteHistory.fetch(AuditRows.query(filter), in: db) { try AuditRows.read(&$0) }
    }
  }

  package func delete(_ choice: OldAudit, atMost count: Int) async throws -> RowDeletion {
    try await write("delete entries of the audit", placing: []) { db in
      let old = try AuditRows.old(choice, atMost: count, in: db)
      var deletion = RowDeletion()
      guard let newest = old.last else { return deletion }
      deletion.count = old.count
      deletion.last = newest.time
      try db.execute(sql: "DELETE FROM audit WHERE number <= ?", arguments: [newest.number])
      return deletion
    }
  }

  package func count(_ choice: OldAudit) async throws -> Int {
    try await history.read("count entries of the audit") {
      try AuditRows.old(choice, atMost: .max, in: $0).count
    }
  }

  package func firstAuditEntry() async throws -> Timestamp? {
    try await history.read("look for the first entry of the audit") { db in
      try AuditRows.old(OldAudit(before: Timestamp(rawValue: .max)), atMost: 1, in: db).first?.time
    }
  }
}
