/// A cluster at one moment.
package struct ClusterStanding: Hashable, Sendable, Codable {
  /// Why it can't be asked for anything, in one sentence; nil if it can.
  package var trouble: String?
  /// Since when that is so.
  package var since: Timestamp
  /// By name; as they were last known if it can't be asked.
  package var nodes: [ClusterNode]

  package init(trouble: String?, since: Timestamp, nodes: [ClusterNode] = []) {
    self.trouble = trouble
    self.since = since
    self.nodes = nodes
  }
}

/// One machine of a cluster, as the cluster tells of it.
package struct ClusterNode: Hashable, Sendable, Codable {
  package var name: String
  package var state: State
  /// The state in the cluster's own words: `mixed+drain`.
  package var word: String
  /// Processors in all, and how many are promised to jobs, whosever they are.
  package var processors: Int
  package var processorsReserved: Int
  /// Processes ready to run, averaged; nil if nobody knows.
  package var load: Double?
  /// Memory in all, how much is promised to jobs, and how much nobody uses; nil if nobody knows.
  package var memory: Bytes
  package var memoryReserved: Bytes
  package var memoryFree: Bytes?
  /// Why it is not to be used, in the operator's or the cluster's words; nil if nothing is said.
  package var reason: String?
  /// When it was last heard of by the cluster; nil if nobody knows.
  package var lastSeen: Timestamp?

  /// Whether jobs can run there.
  package enum State: String, Hashable, Sendable, Codable, CaseIterable {
    /// It runs nothing.
    case idle
    /// It runs jobs.
    case busy
    /// It answers, and the cluster gives it no jobs: it fails, or is not as it should be.
    case unhealthy
    /// It does not answer.
    case offline
    /// Somebody took it out of use; what runs there ends.
    case drained
  }

  package init(
    name: String, state: State, word: String, processors: Int, processorsReserved: Int = 0,
    load: Double? = nil, memory: Bytes, memoryReserved: Bytes = .zero, memoryFree: Bytes? = nil,
    reason: String? = nil, lastSeen: Timestamp? = nil
  ) {
    self.name = name
    self.state = state
    self.word = word
    self.processors = processors
    self.processorsReserved = processorsReserved
    self.load = load
    self.memory = memory
    self.memoryReserved = memoryReserved
    self.memoryFree = memoryFree
    self.reason = reason
    self.lastSeen = lastSeen
  }
}

/// Where an attempt is on its way through a cluster.
package struct Whereabouts: Hashable, Sendable, Codable {
  /// The cluster's number of the job that carries it; nil while there is none.
  package var clusterJob: String?
  /// The node that it runs on; nil while it has none.
  package var node: String?
  /// Why it has none, in the cluster's words: `Resources`; nil if nothing is said.
  package var reason: String?

  package init(clusterJob: String? = nil, node: String? = nil, reason: String? = nil) {
    self.clusterJob = clusterJob
    self.node = node
    self.reason = reason
  }
}
