package import MillraceCore

/// Nominal times that may go, by when it was decided what becomes of them.
///
/// Not by the times themselves: what is made up for long afterwards shall not go at once.
package struct OldTicks: Hashable, Sendable {
  /// Only those that were decided at or after; nil for no bound.
  package var since: Timestamp?
  package var before: Timestamp

  package init(since: Timestamp? = nil, before: Timestamp) {
    self.since = since
    self.before = before
  }
}

/// Events that may go, by when they came.
package struct OldEvents: Hashable, Sendable {
  /// Only those that came at or after; nil for no bound.
  package var since: Timestamp?
  package var before: Timestamp

  package init(since: Timestamp? = nil, before: Timestamp) {
    self.since = since
    self.before = before
  }
}

/// Transitions that may go, by when they were committed.
package struct OldTransitions: Hashable, Sendable {
  package var before: Timestamp

  package init(before: Timestamp) { self.before = before }
}

/// Which entries of the audit may go.
package struct OldAudit: Hashable, Sendable {
  /// Only those of before this time.
  package var before: Timestamp

  package init(before: Timestamp) { self.before = before }
}

/// What a deletion of nominal times, events or transitions has done.
package struct RowDeletion: Hashable, Sendable {
  package var count = 0
  /// When the last nominal time was decided, or the last event came: where the next deletion goes on; nil if
  /// nothing was deleted.
  package var last: Timestamp?

  package init() {}
}
