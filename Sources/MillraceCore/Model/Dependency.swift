/// What a job waits for before it may be queued: the end of another job.
package struct Dependency: Hashable, Sendable {
  /// The job that must end.
  package enum Needed: Hashable, Sendable {
    case job(JobID)
    /// One of the same batch, by its place there, from 0; so only before it is accepted.
    case position(Int)
  }

  /// How it must end.
  package enum Condition: String, Hashable, Sendable, Codable, CaseIterable {
    case ok, any
    /// It failed or was cancelled.
    case failed

    /// Returns whether an end meets it.
    /// - Precondition: `state` is final.
    package func isMet(by state: JobState) -> Bool {
      precondition(state.isFinal, "a job that is \(state) has not ended")
      return switch self {
      case .ok: state == .succeeded
      case .any: true
      case .failed: state != .succeeded
      }
    }
  }

  /// What becomes of a job whose dependency can't be met any more.
  package enum Failure: String, Hashable, Sendable, Codable, CaseIterable { case cancel, hold }

  package var needed: Needed
  package var condition: Condition
  /// Under which name the job finds the result; nil for `job-41`.
  package var name: String?

  package init(_ needed: Needed, _ condition: Condition = .ok, name: String? = nil) {
    self.needed = needed
    self.condition = condition
    self.name = name
  }
}
