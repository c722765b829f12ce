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
    try await write("delete entries of the audit", placing: []) {
      try NumberedRows.audit.delete(before: choice.before, atMost: count, in: $0)
    }
  }

  package func count(_ choice: OldAudit) async throws -> Int {
    try await history.read("count entries of the audit") {
      try NumberedRows.audit.old(before: choice.before, atMost: .max, in: $0).count
    }
  }

  package func firstAuditEntry() async throws -> Timestamp? {
    try await history.read("look for the first entry of the audit") {
      try NumberedRows.audit.old(before: Timestamp(rawValue: .max), atMost: 1, in: $0).first?.time
    }
  }
}
