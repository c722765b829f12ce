import TestSupport

@testable import MillraceCore

extension Rig {
  /// A scheduler with a cluster that takes attempts; `change` sets what else holds.
  static func withCluster(
    _ nodes: [ClusterNode] = [.idle("n1"), .idle("n2")], slots: Int = 100, memory: Bytes = .mebibytes(6400),
    handlers: [String: HandlerRules] = Rig.handlers, change: (inout Policy) -> Void = { _ in }
  ) -> Rig {
    let rig = Rig(
      Rig.policy(slots: slots, memory: memory) { policy in
        policy.cluster = ClusterRules()
        change(&policy)
      }, handlers: handlers)
    _ = rig.answer(nodes)
    return rig
  }

  /// A job that may run where `place` says.
  static func job(
    _ number: Int64, on place: Placement, change: (inout Terms) -> Void = { _ in }
  ) -> WaitingJob {
    Rig.job(number) { terms in
      terms.place = place
      change(&terms)
    }
  }

  /// Lets the cluster tell of its nodes, or of its trouble.
  func answer(_ nodes: [ClusterNode], trouble: String? = nil, at seconds: Int64? = nil) -> [Action] {
    self.seconds = seconds ?? self.seconds
    return send(.cluster(ClusterStanding(trouble: trouble, since: now, nodes: nodes)))
  }

  /// Lets the cluster end an attempt on a node.
  func interrupt(
    _ id: AttemptID, _ interruption: Interruption?, on node: String? = "n1", at seconds: Int64? = nil
  ) -> [Action] {
    var report = AttemptReport(exit: nil, usage: Usage(), word: nil)
    report.interruption = interruption
    report.whereabouts = Whereabouts(clusterJob: "7", node: node)
    return send(.ended(id, report), at: seconds)
  }

  /// Lets an attempt end well on a node.
  func succeed(_ id: AttemptID, on node: String, at seconds: Int64? = nil) -> [Action] {
    var report = AttemptReport.success
    report.whereabouts = Whereabouts(clusterJob: "7", node: node)
    return send(.ended(id, report), at: seconds)
  }

  /// What the gate of the cluster says of a job; nil if it is no matter to that.
  func clusterGate(_ job: Int64) -> GateVerdict? { verdicts(job).first { $0.gate == .cluster } }
}

extension ClusterNode {
  /// A node with 8 processors and 16 GiB that can take everything.
  static func idle(_ name: String, memory: Bytes = .gibibytes(16)) -> ClusterNode {
    ClusterNode(name: name, state: .idle, word: "idle", processors: 8, memory: memory)
  }

  /// The same in another state.
  static func node(_ name: String, _ state: State) -> ClusterNode {
    ClusterNode(name: name, state: state, word: state.rawValue, processors: 8, memory: .gibibytes(16))
  }
}

extension [Action] {
  /// Where the attempts that are to be started shall run, in order.
  var places: [Place] { compactMap { if case .start(_, _, _, let place) = $0 { place } else { nil } } }
}
