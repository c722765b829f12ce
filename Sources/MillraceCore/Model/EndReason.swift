/// Why a job ended, where no attempt at it tells.
package struct EndReason: Hashable, Sendable, Codable {
  /// A short word for programs: `cancelled`, `dependency`, `expired`, `deadline`, `poisoned`.
  package var code: String
  /// A sentence for people.
  package var message: String

  package init(code: String, message: String) {
    self.code = code
    self.message = message
  }

  /// Somebody cancelled it.
  package static let cancelled = EndReason(code: "cancelled", message: "it was cancelled")

  /// A job that it needs ended in another way than it needs.
  package static func dependency(
    _ needed: JobID, _ state: JobState, neededAs condition: Dependency.Condition
  ) -> EndReason {
    let what = state == .cancelled ? "was cancelled" : state.rawValue
    return EndReason(
      code: dependencyCode, message: "job \(needed) \(what), and it was needed as \(condition.rawValue)")
  }

  /// The same, when that job is no longer on record.
  package static let dependencyOffRecord = EndReason(
    code: dependencyCode, message: "a job that it needs ended otherwise, and is no longer on record")

  /// The code of a job that ended because a dependency can't be met any more.
  package static let dependencyCode = "dependency"
}
