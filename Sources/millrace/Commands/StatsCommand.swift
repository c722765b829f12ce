import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace stats`: what was learned of handlers, what became of the times of schedules, and what handlers
/// tell in figures.
struct StatsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Show what was learned of handlers, what became of schedules' times, and figures.",
    discussion: """
      examples:
        millrace stats
        millrace stats thumbnail -o wide
        millrace stats metrics.collect

      Figures are those of the last attempts; a newer build of a plugin inherits them until it has shown \
      enough itself. A class in parentheses stands for all jobs of the handler. Fates are those of the last \
      times of each schedule, with a handler of those that make its jobs; `millrace schedule stats` tells \
      them apart. The last table has the numbers in results that a handler gives as \
      application/vnd.millrace.figures+json, as `metrics.collect` does. It also works while the runner is \
      down: then the last 200 are counted.
      """)

  @Argument(help: "Only this one.")
  var handler: String?

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let page = try await record.read { try await $0.statistics(of: handler) }
    switch format.output {
    case .table, .wide:
      let fates = FateCount.all(of: page)
      var tables: [() throws -> Void] = []
      if !fates.isEmpty { tables.append { try format.print(fates, as: .fates, page: page) } }
      if !page.figures.isEmpty {
        tables.append { try format.print(page.figures, as: .reportedFigures, page: page) }
      }
      if !page.handlers.isEmpty || tables.isEmpty {
        tables.insert({ try format.print(page.handlers, as: .statistics, page: page) }, at: 0)
      }
      for (index, print) in tables.enumerated() {
        if index > 0 { try StandardOutput.write("\n") }
        try print()
      }
    case .json, .jsonl, .csv, .ids: try format.print(page.handlers, as: .statistics, page: page)
    }
  }
}

/// How many times of schedules had a fate.
private struct FateCount: Encodable {
  let fate: Fate
  let times: Int

  /// Those that any time had, in the order of the fates.
  static func all(of page: StatisticsPage) -> [FateCount] {
    Fate.allCases.compactMap { fate in page.fates[fate.rawValue].map { FateCount(fate: fate, times: $0) } }
  }
}

extension Table where Row == FateCount {
  /// Fates, a line for each.
  fileprivate static var fates: Table {
    Table(
      [
        Column("FATE", "fate") { $0.fate.rawValue },
        Column("TIMES", "times", .right) { "\($0.times)" },
      ], id: { $0.fate.rawValue })
  }
}

extension Table where Row == ReportedFigureView {
  /// What handlers tell in figures, a line for each.
  fileprivate static var reportedFigures: Table {
    Table(
      [
        Column("HANDLER", "handler") { $0.handler }, Column("FIGURE", "name") { $0.name },
        number("LAST", "last", \.last), number("LEAST", "least", \.least), number("MEAN", "mean", \.mean),
        number("LARGEST", "largest", \.largest),
        Column("RESULTS", "count", .right) { "\($0.count)" },
        Column("TIME", "time", raw: { $0.time }) { Figures.time($0.time) },
      ], id: { "\($0.handler) \($0.name)" })
  }

  private static func number(
    _ title: String, _ key: String, _ value: @escaping (ReportedFigureView) -> Double
  ) -> Column<ReportedFigureView> {
    Column(title, key, .right, raw: { Figures.raw(value($0)) }) { Figures.number(value($0)) }
  }
}

extension Table where Row == StatisticsView {
  /// What was learned, a line for each kind of job.
  static var statistics: Table { Table(kind + main + rest, id: { $0.handler }) }

  private static var kind: [Column<StatisticsView>] {
    [
      Column("HANDLER", "handler") { $0.handler },
      Column("CLASS", "class", raw: { $0.jobClass ?? "" }) { $0.jobClass ?? "(all)" },
      Column("RUNS", "attempts", .right) { "\($0.attempts)" },
    ]
  }

  private static var main: [Column<StatisticsView>] {
    [
      bytes("MEMORY P50", "memory_p50_bytes", wide: true, \.p50),
      bytes("MEMORY P95", "memory_p95_bytes", \.p95), bytes("MEMORY MAX", "memory_max_bytes", \.max),
      figure("CPU P95", "cpu_p95_millis", \.cpuMillis?.p95) { Figures.processors(Int64($0)) },
      figure("CPU MAX", "cpu_max_millis", wide: true, \.cpuMillis?.max) { Figures.processors(Int64($0)) },
      figure("RUN P50", "run_p50_seconds", \.runSeconds?.p50) { Figures.span($0) },
      figure("RUN P95", "run_p95_seconds", \.runSeconds?.p95) { Figures.span($0) },
      figure("RUN MAX", "run_max_seconds", wide: true, \.runSeconds?.max) { Figures.span($0) },
      figure("TO PEAK P95", "seconds_to_peak_p95", \.secondsToPeak?.p95) { Figures.span($0) },
    ]
  }

  private static var rest: [Column<StatisticsView>] {
    [
      Column("BUILD", "build_sha256", raw: { $0.buildSha256 }) {
        $0.buildSha256.prefix(12) + ($0.inherited ? " (inherited by a newer one)" : "")
      },
      .regressions { $0.regressions },
      Column("INHERITED", "inherited", wide: true) { "\($0.inherited)" },
    ]
  }

  private static func bytes(
    _ title: String, _ key: String, wide: Bool = false, _ part: @escaping (FiguresView) -> Double
  ) -> Column<StatisticsView> {
    figure(title, key, wide: wide, { $0.memoryBytes.map(part) }) { Figures.bytes(Int64($0)) }
  }

  private static func figure(
    _ title: String, _ key: String, wide: Bool = false, _ figure: @escaping (StatisticsView) -> Double?,
    text: @escaping (Double) -> String
  ) -> Column<StatisticsView> {
    Column(title, key, .right, wide: wide, raw: { Figures.raw(figure($0)) }) { figure($0).map(text) ?? "" }
  }
}
