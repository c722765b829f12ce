/// What an audit has found.
package struct Audit: Sendable, Equatable {
  /// What was wrong this time and the time before.
  package var leaks: [Leak]
  /// Whether something was wrong this time only: it may be on its way, another look will tell.
  package var hasSuspects: Bool

  package init(leaks: [Leak] = [], hasSuspects: Bool = false) {
    self.leaks = leaks
    self.hasSuspects = hasSuspects
  }
}

/// Something that is there and belongs to no attempt, or that an attempt lacks.
package struct Leak: Sendable, Hashable {
  package var kind: Kind
  /// One sentence: what it is, and what was done about it.
  package var text: String

  /// What leaks.
  package enum Kind: String, Sendable, CaseIterable {
    /// A cgroup of an attempt that is over.
    case leaf
    case workDirectory
    /// An open descriptor of the runner.
    case descriptor
    /// What the keeper holds of an attempt that is over.
    case keeperRecord
    /// An attempt that runs and is not on record as running, or the other way round.
    case attempt
  }

  package init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}
