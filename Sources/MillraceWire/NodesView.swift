package import MillraceCore

/// The cluster, its nodes, and what is there: `GET /v1/nodes`.
package struct NodesView: Codable, Sendable, Equatable {
  /// Why nothing can be sent there; nil if it can. The nodes are then as they were last known.
  package var trouble: String?
  /// Since when that is so; nil if nothing was heard of it yet.
  package var since: String?
  /// The attempts there that have not ended, and how many there may be.
  package var outstanding: Int
  package var bound: Int
  /// Those of them that have no node yet.
  package var waiting: Int
  /// By name.
  package var nodes: [NodeView]

  package init(
    trouble: String?, since: Timestamp?, outstanding: Int, bound: Int, waiting: Int, nodes: [NodeView] = []
  ) {
    self.trouble = trouble
    self.since = since.map(Wire.text(of:))
    self.outstanding = outstanding
    self.bound = bound
    self.waiting = waiting
    self.nodes = nodes
  }
}

/// One machine of the cluster.
package struct NodeView: Codable, Sendable, Equatable {
  package var name: String
  package var state: NodeState
  /// The state in the cluster's own words: `mixed+drain`.
  package var word: String
  /// Processors in all, and how many are promised to jobs, whosever they are.
  package var processors: Int
  package var processorsReserved: Int
  /// Processes ready to run, averaged; nil if nobody knows.
  package var load: Double?
  /// Memory in all, what of it is promised to jobs, and what nobody uses; nil if nobody knows.
  package var memoryBytes: Int64
  package var memoryReservedBytes: Int64
  package var memoryFreeBytes: Int64?
  /// Why it is not to be used, in the operator's or the cluster's words.
  package var reason: String?
  /// When the cluster last heard of it.
  package var lastSeen: String?
  /// Until when it gets no attempts, for it has failed one by its own fault.
  package var coolsUntil: String?
  /// The attempts on it: `42.1`; the first `mostAttempts` by number, and how many there are.
  package var attempts: [String]
  package var attemptCount: Int

  /// Of how many attempts a node tells.
  package static let mostAttempts = 100

  /// Makes the view of a node; `attempts` are all that are on it.
  package init(_ node: ClusterNode, coolsUntil: Timestamp? = nil, attempts: [AttemptID] = []) {
    name = node.name
    state = NodeState(node.state, isCooling: coolsUntil != nil)
    word = node.word
    processors = node.processors
    processorsReserved = node.processorsReserved
    load = node.load
    memoryBytes = node.memory.rawValue
    memoryReservedBytes = node.memoryReserved.rawValue
    memoryFreeBytes = node.memoryFree?.rawValue
    reason = node.reason
    lastSeen = node.lastSeen.map(Wire.text(of:))
    self.coolsUntil = coolsUntil.map(Wire.text(of:))
    self.attempts = attempts.prefix(Self.mostAttempts).map(\.description)
    attemptCount = attempts.count
  }

  /// What is in use of its memory, whosever it is; nil if nobody knows.
  package var memoryUsedBytes: Int64? { memoryFreeBytes.map { max(0, memoryBytes - $0) } }
}

/// The cluster in a few figures.
package struct ClusterView: Codable, Sendable, Equatable {
  /// Why nothing can be sent there; nil if it can.
  package var trouble: String?
  /// Since when that is so; nil if nothing was heard of it yet.
  package var since: String?
  /// The attempts there that have not ended, those of them that have no node yet, and how many there may be.
  package var outstanding: Int
  package var waiting: Int
  package var bound: Int
  /// The nodes in all, and those that can be sent something.
  package var nodes: Int
  package var usable: Int

  package init(
    trouble: String? = nil, since: Timestamp?, outstanding: Int, waiting: Int, bound: Int, nodes: Int,
    usable: Int
  ) {
    self.trouble = trouble
    self.since = since.map(Wire.text(of:))
    self.outstanding = outstanding
    self.waiting = waiting
    self.bound = bound
    self.nodes = nodes
    self.usable = usable
  }
}
