package import MillraceCore

/// Where it is kept who had what changed.
package protocol AuditStore: Sendable {
  /// Keeps an entry; returned means committed to the disk.
  func note(_ entry: AuditEntry) async throws
  /// Returns entries, the newest first.
  func audit(_ filter: AuditFilter) async throws -> [AuditEntry]
  /// Deletes entries, at most `count` of them in one transaction, the first ones first. Call it until it
  /// deletes nothing.
  func delete(_ choice: OldAudit, atMost count: Int) async throws -> RowDeletion
  /// Returns how many entries `delete` would delete in all.
  func count(_ choice: OldAudit) async throws -> Int
  /// Returns when the first entry was made; nil if there is none.
  func firstAuditEntry() async throws -> Timestamp?
}
