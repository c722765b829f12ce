package import MillraceCore

/// The cluster at one moment, and what the runner has there.
package struct ClusterReport: Sendable, Equatable {
  /// How it is; nil while it has not answered yet.
  package var standing: ClusterStanding?
  /// How many attempts may be there at once.
  package var bound: Int
  /// The attempts there that have not ended, and where each is.
  package var attempts: [AttemptID: Whereabouts]
  /// The nodes that get no attempts for a while, for they have failed some by their own fault.
  package var coolsUntil: [String: Timestamp]

  package init(
    standing: ClusterStanding?, bound: Int, attempts: [AttemptID: Whereabouts] = [:],
    coolsUntil: [String: Timestamp] = [:]
  ) {
    self.standing = standing
    self.bound = bound
    self.attempts = attempts
    self.coolsUntil = coolsUntil
  }

  /// The attempts on a node, by number.
  package func attempts(on node: String) -> [AttemptID] {
    attempts.filter { $0.value.node == node }.keys.sorted()
  }
}
