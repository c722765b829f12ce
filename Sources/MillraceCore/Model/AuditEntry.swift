/// Something that somebody asked to have changed, and what came of it.
package struct AuditEntry: Sendable, Equatable {
  /// Its number in the order in which entries were made; nil while it has none.
  package var number: Int64?
  package var time: Timestamp
  /// Who asked, as the API knows them: a user's name, or `token:` and the name of a token.
  package var principal: String
  /// What they may do, as a word.
  package var role: String
  /// From where: `pid 42`, or an address.
  package var origin: String
  /// What was asked: `POST /v1/jobs/42/cancel`.
  package var action: String
  /// The HTTP status that it was answered with.
  package var status: Int

  /// Makes an entry.
  package init(
    time: Timestamp, principal: String, role: String, origin: String, action: String, status: Int
  ) {
    self.time = time
    self.principal = principal
    self.role = role
    self.origin = origin
    self.action = action
    self.status = status
  }
}

/// Which entries of the audit are asked for, the newest first.
package struct AuditFilter: Sendable, Equatable {
  /// Only those of this one; nil for all.
  package var principal: String?
  /// Only those with lower numbers; nil for all.
  package var before: Int64?
  /// How many at most.
  package var limit = 100

  package init() {}
}
