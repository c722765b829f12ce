/// Why a job ended, where no attempt at it tells.
package struct EndReason: Hashable, Sendable, Codable {
  /// A short word for programs: `cancelled`, `dependency`, `expired`, `deadline`, `poisoned`,
  /// `memory_max`.
  package var code: String
  /// A sentence for people.
  package var message: String

  package init(code: String, message: String) {
    self.code = code
    self.message = message
  }

  /// Somebody cancelled it.
  package static let cancelled = EndReason(code: "cancelled", message: "it was cancelled")

  /// It was not started in the time that it had for that.
  package static func expired(_ span: Duration) -> EndReason {
    EndReason(code: "expired", message: "it was not started within \(span.text) of its submission")
  }

  /// It has not ended in the time that it had in all.
  package static func deadline(_ span: Duration) -> EndReason {
    EndReason(code: "deadline", message: "it has not ended within \(span.text) of its submission")
  }

  /// Its last attempts crashed, one after the other.
  package static func poisoned(_ job: JobID, by crashes: [Carryover.Crash]) -> EndReason {
    let evidence = crashes.map { "attempt \(job).\($0.attempt) by \(SignalName.text(of: $0.signal))" }
    return EndReason(
      code: "poisoned",
      message: "it crashed \(crashes.count) times in a row: \(evidence.joined(separator: ", "))")
  }

  /// Its last attempts were lost, one after the other: it may be what ends the machine, the keeper or the
  /// host.
  package static func poisoned(lost last: AttemptID, times: Int) -> EndReason {
    EndReason(
      code: "poisoned", message: "it was lost \(times) times in a row, the last time in attempt \(last)")
  }

  /// It needs more memory than any attempt at it gets.
  package static func memoryMax(_ limit: Bytes) -> EndReason {
    EndReason(
      code: "memory_max", message: "it passed a memory limit of \(limit), and no attempt at it gets more")
  }

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
