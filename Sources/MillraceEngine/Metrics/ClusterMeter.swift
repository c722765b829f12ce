import MillraceCore

/// What is told of the cluster in metrics.
struct ClusterMeter {
  /// Nil if there is no cluster: then nothing is told.
  let report: ClusterReport?

  /// So many nodes have a label of their own; all others together are `_other`.
  static let mostNodes = 200

  var readings: [MetricReading] {
    let used = (report?.standing?.nodes ?? []).filter { [.idle, .busy].contains($0.state) }
    func sum(_ amount: (ClusterNode) -> Double) -> Double? {
      report?.standing == nil ? nil : used.reduce(0) { $0 + amount($1) }
    }
    return [
      MetricReading(.clusterUp, report.map { $0.trouble == nil ? 1 : 0 }),
      MetricReading(.outstanding, report.map { Double($0.attempts.count) }),
      MetricReading(.outstandingBound, report.map { Double($0.bound) }),
      MetricReading(.clusterWaiting, report.map { Double($0.waiting) }),
      MetricReading(.nodes, nodes),
      MetricReading(.nodeAttempts, attempts),
      MetricReading(.clusterProcessors, sum { Double($0.processors) }),
      MetricReading(.clusterProcessorsReserved, sum { Double($0.processorsReserved) }),
      MetricReading(.clusterMemory, sum { Double($0.memory.rawValue) }),
      MetricReading(.clusterMemoryReserved, sum { Double($0.memoryReserved.rawValue) }),
    ]
  }

  private var nodes: [(String, Int)] {
    guard let report, let standing = report.standing else { return [] }
    let states = standing.nodes.map(report.state)
    return NodeState.allCases.map { state in (state.rawValue, states.count { $0 == state }) }
  }

  private var attempts: [(String, Int)] {
    let counts = (report?.attemptsByNode ?? [:]).map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
    let rest = counts.dropFirst(Self.mostNodes)
    let others = rest.isEmpty ? [] : [("_other", rest.reduce(0) { $0 + $1.1 })]
    return Array(counts.prefix(Self.mostNodes)) + others
  }
}
