/// What a node is to the runner: its state in the cluster, or that it is given no attempts for a while.
package enum NodeState: String, Hashable, Sendable, Codable, CaseIterable {
  /// It runs nothing.
  case idle
  /// It runs jobs.
  case busy
  /// It could run jobs, and gets no attempts for a while: it has failed one by its own fault.
  case cooling
  /// It answers, and the cluster gives it no jobs.
  case unhealthy
  /// It does not answer.
  case offline
  /// Somebody took it out of use.
  case drained

  /// Tells what a node is; one that the cluster does not use is nothing else.
  package init(_ state: ClusterNode.State, isCooling: Bool) {
    switch state {
    case .idle: self = isCooling ? .cooling : .idle
    case .busy: self = isCooling ? .cooling : .busy
    case .unhealthy: self = .unhealthy
    case .offline: self = .offline
    case .drained: self = .drained
    }
  }

  /// Whether attempts can be sent there.
  package var isUsable: Bool {
    switch self {
    case .idle, .busy: true
    case .cooling, .unhealthy, .offline, .drained: false
    }
  }
}
