import MillraceCore
import MillraceWire

extension Table where Row == NodeView {
  /// Nodes of the cluster, a line each.
  static var nodes: Table {
    Table(
      [
        Column("NODE", "name") { $0.name },
        Column("STATE", "state", tone: { $0.state.tone }) { $0.state.rawValue },
        Column("CPU", "processors_reserved", .right, raw: { "\($0.processorsReserved)" }) {
          "\($0.processorsReserved)/\($0.processors)"
        },
        Column("CPUS", "processors", .right, wide: true) { "\($0.processors)" },
        Column("LOAD", "load", .right) { Figures.raw($0.load) },
        Column("MEMORY", "memory_reserved_bytes", .right, raw: { "\($0.memoryReservedBytes)" }) {
          "\(Figures.bytes($0.memoryReservedBytes))/\(Figures.bytes($0.memoryBytes))"
        },
        Column("TOTAL", "memory_bytes", .right, wide: true, raw: { "\($0.memoryBytes)" }) {
          Figures.bytes($0.memoryBytes)
        },
        Column("USED", "memory_free_bytes", .right, raw: { Figures.raw($0.memoryFreeBytes) }) {
          Figures.bytes($0.memoryUsedBytes)
        },
        Column("ATTEMPTS", "attempt_count", .right) { "\($0.attemptCount)" },
        Column("LAST SEEN", "last_seen", raw: { $0.lastSeen ?? "" }) { Figures.time($0.lastSeen) },
        Column("IN SLURM", "word", wide: true) { $0.word },
        Column("COOLS UNTIL", "cools_until", wide: true, raw: { $0.coolsUntil ?? "" }) {
          Figures.time($0.coolsUntil)
        },
        Column("RUNS", "attempts", wide: true) { $0.attempts.joined(separator: " ") },
        Column("REASON", "reason", raw: { $0.reason ?? "" }) { $0.whyNot },
      ], id: { $0.name })
  }
}

extension NodeView {
  /// Why it gets no attempts, in words; empty if it does.
  fileprivate var whyNot: String {
    let cools = coolsUntil.map { "failed an attempt, gets none until \(Figures.time($0))" }
    return [cools, reason].compactMap(\.self).joined(separator: "; ")
  }
}

extension NodeState {
  var tone: Tone {
    switch self {
    case .idle: .good
    case .busy: .plain
    case .cooling, .drained: .busy
    case .unhealthy, .offline: .bad
    }
  }
}

extension ClusterView {
  /// What there is, in words: `12 of 1000 attempts, 3 of them without a node, 4 of 5 nodes usable`.
  var words: String {
    if let trouble {
      let time = since.map { " since \(Figures.time($0))" } ?? ""
      return trouble + time + (outstanding > 0 ? "; \(outstanding) attempts are there" : "")
    }
    let wait = waiting > 0 ? ", \(waiting) of them without a node" : ""
    let all = Figures.count(Int64(nodes), "node", "nodes")
    return "\(outstanding) of \(bound) attempts\(wait), \(usable) of \(all) usable"
  }
}
