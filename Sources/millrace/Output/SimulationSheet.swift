import FoundationEssentials
import MillraceSimulator
import MillraceWire

/// What a workload went through under one policy, as it is printed. Times are in seconds.
struct SimulationResult: Encodable {
  var policy: String
  var jobs: Int
  var meanWait: Double
  var maxWait: Double
  var meanBoundedSlowdown: Double
  var maxBoundedSlowdown: Double
  var makespan: Double
  var utilisation: Double
  var failed: Int
  var refused: Int
  var outOfMemoryKills: Int
  var ownLimitKills: Int
  var evictions: Int
  /// Jobs of a trace that no replay can run, and lines that could not be read; nil if it is no trace.
  var dropped: Int?
  var brokenLines: Int?

  init(_ policy: String, _ figures: WorkloadFigures) {
    self.policy = policy
    jobs = figures.jobs
    meanWait = figures.meanWait
    maxWait = figures.maxWait
    meanBoundedSlowdown = figures.meanBoundedSlowdown
    maxBoundedSlowdown = figures.maxBoundedSlowdown
    makespan = figures.makespan
    utilisation = figures.utilisation
    failed = figures.failed
    refused = figures.refused
    outOfMemoryKills = figures.outOfMemoryKills
    ownLimitKills = figures.ownLimitKills
    evictions = figures.evictions
  }
}

/// The figures of one policy, or of two side by side.
struct SimulationSheet: Encodable {
  var results: [SimulationResult]

  func print(as format: OutputFormat) throws {
    switch format {
    case .table, .wide: try StandardOutput.write(table(paint: .standardOutput))
    case .json, .jsonl, .csv, .ids:
      let encoder = Wire.encoder(pretty: true)
      let data = results.count == 1 ? try encoder.encode(results[0]) : try encoder.encode(self)
      try StandardOutput.write(String(decoding: data, as: UTF8.self) + "\n")
    }
  }

  /// A line for each figure, a column for each policy.
  private func table(paint: Paint) -> String {
    let columns = results.indices.map { index in
      Column<Row>(results[index].policy, "", .right) { $0.value(results[index]) }
    }
    let names = Column<Row>("", "", tone: { _ in .title }) { $0.name }
    return Table([names] + columns) { $0.name }.lines(rows, wide: false, paint: paint)
  }

  private struct Row {
    var name: String
    var value: (SimulationResult) -> String
  }

  private var rows: [Row] {
    var rows = [
      Row(name: "jobs") { "\($0.jobs)" },
      Row(name: "mean wait") { Figures.span($0.meanWait) },
      Row(name: "longest wait") { Figures.span($0.maxWait) },
      Row(name: "mean bounded slowdown") { Self.decimal($0.meanBoundedSlowdown) },
      Row(name: "worst bounded slowdown") { Self.decimal($0.maxBoundedSlowdown) },
      Row(name: "makespan") { Figures.span($0.makespan) },
      Row(name: "utilisation") { Self.decimal($0.utilisation * 100) + " %" },
    ]
    let counts: [(String, (SimulationResult) -> Int)] = [
      ("failed", \.failed), ("never admissible", \.refused), ("out-of-memory kills", \.outOfMemoryKills),
      ("ended by their own limit", \.ownLimitKills), ("evictions", \.evictions),
      ("dropped", { $0.dropped ?? 0 }), ("broken lines", { $0.brokenLines ?? 0 }),
    ]
    for (name, count) in counts where results.contains(where: { count($0) > 0 }) {
      rows.append(Row(name: name) { "\(count($0))" })
    }
    return rows
  }

  /// Two digits behind the point.
  private static func decimal(_ number: Double) -> String {
    let hundredths = Int64((number * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}
