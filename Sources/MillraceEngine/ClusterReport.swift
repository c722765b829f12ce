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

  /// The attempts of each node that has some, by number.
  package var attemptsByNode: [String: [AttemptID]] {
    let placed = attempts.compactMap { id, whereabouts in whereabouts.node.map { (node: $0, id: id) } }
    return Dictionary(grouping: placed, by: \.node).mapValues { $0.map(\.id).sorted() }
  }

  /// How many attempts have no node yet.
  package var waiting: Int { attempts.values.count { $0.node == nil } }

  /// What a node is to this runner.
  package func state(of node: ClusterNode) -> NodeState {
    NodeState(node.state, isCooling: coolsUntil[node.name] != nil)
  }

  /// Why nothing can be sent there; nil if it can.
  package var trouble: String? { standing.map(\.trouble) ?? "the cluster has not answered yet" }
}

/// The cluster in a few figures.
package struct ClusterSummary: Sendable, Equatable, Codable {
  /// Why nothing can be sent there; nil if it can.
  package var trouble: String?
  /// Since when that is so; nil if nothing was heard of it yet.
  package var since: Timestamp?
  /// The attempts there that have not ended, those of them that have no node yet, and how many there may be.
  package var outstanding: Int
  package var waiting: Int
  package var bound: Int
  /// The nodes in all, and those that can be sent something.
  package var nodes: Int
  package var usable: Int

  package init(_ report: ClusterReport) {
    let nodes = report.standing?.nodes ?? []
    trouble = report.trouble
    since = report.standing?.since
    outstanding = report.attempts.count
    waiting = report.waiting
    bound = report.bound
    self.nodes = nodes.count
    usable = nodes.count { report.state(of: $0).isUsable }
  }
}
