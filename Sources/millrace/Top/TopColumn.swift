import MillraceCore
import MillraceWire

/// A column of the tables of `top`.
struct TopColumn {
  let column: Column<TopRow>
  /// What is sorted by it; nil for nothing.
  var order: TopOrder?
  /// Which columns stay on a narrow screen: the lowest.
  let keep: Int

  /// Returns the columns of attempts that run; ages are those at a time. Where they run is told if not all
  /// are here.
  static func running(_ rows: [TopRow], at now: Timestamp) -> [TopColumn] {
    let places = rows.contains { $0.place != nil } ? [TopColumn(column: place, keep: 4)] : []
    return running(at: now).flatMap { $0.order == .age ? [$0] + places : [$0] }
  }

  fileprivate static func running(at now: Timestamp) -> [TopColumn] {
    [
      TopColumn(column: number, order: .job, keep: 0),
      TopColumn(column: Column("HANDLER", "handler") { $0.handler }, order: .handler, keep: 1),
      TopColumn(column: state, order: .state, keep: 2),
      TopColumn(column: age(at: now), order: .age, keep: 3),
      TopColumn(column: progress, order: .progress, keep: 4),
      TopColumn(column: memory, order: .memory, keep: 5),
      TopColumn(column: cpu, order: .cpu, keep: 6),
      TopColumn(column: priority, order: .priority, keep: 7),
      TopColumn(
        column: Column("MESSAGE", "message") { $0.progress?.message ?? Figures.labels($0.labels) }, keep: 8),
    ]
  }

  /// Returns the columns of the jobs that wait.
  static func queued(at now: Timestamp) -> [TopColumn] {
    [
      TopColumn(column: number, keep: 0),
      TopColumn(column: Column("HANDLER", "handler") { $0.handler }, keep: 1),
      TopColumn(column: state, keep: 4),
      TopColumn(column: age(at: now), keep: 3),
      TopColumn(column: priority, keep: 5),
      TopColumn(column: gate, keep: 2),
    ]
  }

  private static var number: Column<TopRow> { Column("JOB", "job", .right) { $0.number } }

  private static var state: Column<TopRow> {
    Column("STATE", "state", tone: { $0.attempt == nil ? .plain : .busy }) { $0.stateWord }
  }

  static func age(at now: Timestamp) -> Column<TopRow> {
    Column("AGE", "since", .right, raw: { $0.started ?? $0.since }) { row in
      Wire.time(from: row.started ?? row.since).map { ClockSpan.text(now - $0) } ?? ""
    }
  }

  /// The node; in the cluster without one, why.
  fileprivate static var place: Column<TopRow> {
    Column("NODE", "node", raw: { $0.node ?? "" }) { row in
      guard let place = row.place else { return "" }
      return row.node ?? row.clusterReason.map { "(\($0))" } ?? "(\(place.rawValue))"
    }
  }

  private static var progress: Column<TopRow> {
    Column("PROGRESS", "progress", raw: { Figures.raw($0.progress?.fraction) }) { row in
      row.progress.map { Bar.text(of: $0.fraction, cells: 6) + " \(Bar.percent($0.fraction)) %" } ?? ""
    }
  }

  private static var memory: Column<TopRow> {
    Column("MEMORY", "memory_bytes", .right, raw: { Figures.raw($0.memoryBytes) }) { row in
      "\(row.memoryBytes.map { Figures.bytes($0) } ?? "-")/\(Figures.bytes(row.limits.memoryBytes))"
    }
  }

  private static var cpu: Column<TopRow> {
    Column("CPU", "cpu_millis", .right, raw: { Figures.raw($0.cpuMillis) }) { row in
      let used = row.cpuMillis.map { Figures.processors(($0 + 5) / 10 * 10) } ?? "-"
      return "\(used)/\(Figures.processors(row.limits.cpuMillis))"
    }
  }

  private static var priority: Column<TopRow> { Column("PRIO", "priority", .right) { "\($0.priority)" } }

  private static var gate: Column<TopRow> {
    Column("CLOSED GATE", "gate", raw: { $0.gate?.gate.rawValue ?? "" }) { row in
      row.gate.map { "\($0.gate.rawValue): \($0.reason)" } ?? "none: it is next"
    }
  }
}

extension Table where Row == TopRow {
  /// What runs and what waits, for programs.
  static func top(at now: Timestamp) -> Table {
    let gate = TopColumn.queued(at: now).last.map { [$0.column] } ?? []
    let limits: [Column<TopRow>] = [
      Column("", "memory_limit_bytes") { "\($0.limits.memoryBytes)" },
      Column("", "cpu_limit_millis") { "\($0.limits.cpuMillis)" },
    ]
    let places: [Column<TopRow>] = [
      Column("", "place") { $0.attempt == nil ? "" : ($0.place ?? .local).rawValue }, TopColumn.place,
      Column("", "cluster_job") { $0.clusterJob ?? "" },
    ]
    return Table(
      TopColumn.running(at: now).map(\.column) + limits + gate + places, id: { "\($0.job)" })
  }
}
