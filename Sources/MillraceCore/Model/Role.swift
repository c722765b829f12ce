/// What somebody may do; each may also do what those before it may.
package enum Role: String, Sendable, CaseIterable, Comparable {
  /// See everything but the audit.
  case viewer
  /// Submit jobs, and change one's own.
  case submitter
  /// Change everybody's jobs, schedules, settings, and what the runner takes.
  case `operator`
  /// Delete from the record, copy it, and see the audit and the secrets of jobs.
  case admin

  package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .viewer: 0
    case .submitter: 1
    case .operator: 2
    case .admin: 3
    }
  }
}
