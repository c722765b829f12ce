package import MillraceCore

/// Something that somebody asked to have changed, and what came of it.
package struct AuditView: Codable, Sendable, Equatable {
  package var number: Int64
  package var time: String
  package var principal: String
  package var role: String
  package var origin: String
  package var action: String
  package var status: Int

  /// Makes the view of an entry on record.
  package init(_ entry: AuditEntry) {
    number = entry.number ?? 0
    time = Wire.text(of: entry.time)
    principal = entry.principal
    role = entry.role
    origin = entry.origin
    action = entry.action
    status = entry.status
  }
}

/// A page of the audit, the newest first.
package struct AuditPage: Codable, Sendable, Equatable {
  package var entries: [AuditView]
  /// Give it as `before` for the next page; nil on the last one.
  package var next: Int64?

  package init(entries: [AuditView], next: Int64?) {
    self.entries = entries
    self.next = next
  }
}
