import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace schedule stats`: what became of the times of schedules, in figures.
struct ScheduleStatsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Count what became of the times of schedules, and how long their jobs took.",
    discussion: """
      examples:
        millrace schedule stats
        millrace schedule stats nightly -o wide

      LATE has those that made their job afterwards, SKIPPED all that were skipped on purpose. It also \
      works while the runner is down.
      """)

  @Argument(help: ArgumentHelp("Only these.", valueName: "name"))
  var names: [String] = []

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let rows = try await record.read { source in
      var wanted = names
      if wanted.isEmpty { wanted = try await source.allSchedules().schedules.map(\.name) }
      var rows: [ScheduleFigures] = []
      for name in wanted { rows.append(ScheduleFigures(try await source.schedule(name))) }
      return rows
    }
    try format.print(rows, as: .scheduleFigures, page: rows)
  }
}

/// The figures of one schedule.
struct ScheduleFigures: Encodable {
  var name: String
  var tally: ScheduleTallyView
  /// When it is due next; nil if never, or if only the record was asked.
  var next: PlannedTimeView?
  var warnings: [String]

  init(_ detail: ScheduleDetail) {
    name = detail.schedule.name
    tally = detail.tally
    next = detail.schedule.next
    warnings = detail.schedule.warnings ?? []
  }

  /// How many times had one of these fates.
  fileprivate func count(_ fates: Fate...) -> Int {
    fates.reduce(0) { $0 + (tally.fates[$1.rawValue] ?? 0) }
  }
}

extension Table where Row == ScheduleFigures {
  /// Figures, a line for each schedule.
  static var scheduleFigures: Table { Table(fates + jobs + rest, id: { $0.name }) }

  private static func count(
    _ title: String, _ key: String, _ count: @escaping (ScheduleFigures) -> Int
  ) -> Column<ScheduleFigures> {
    Column(title, key, .right) { "\(count($0))" }
  }

  private static var fates: [Column<ScheduleFigures>] {
    [
      Column("SCHEDULE", "name") { $0.name },
      count("RAN", "ran") { $0.count(.ran) },
      count("LATE", "late") { $0.count(.late, .caughtUp) },
      count("SKIPPED", "skipped") {
        $0.count(
          .skippedOverlap, .skippedWindow, .skippedCalendar, .skippedGap, .skippedLoop, .skippedPaused,
          .doubledHour)
      },
      count("MISSED", "missed") { $0.count(.missedDown) },
      count("REFUSED", "refused") { $0.count(.failedToSubmit) },
      count("BY HAND", "manual") { $0.count(.manual) },
    ]
  }

  private static var jobs: [Column<ScheduleFigures>] {
    [
      count("SUCCEEDED", "succeeded") { $0.tally.succeeded },
      count("FAILED", "failed") { $0.tally.failed },
      Column("MEAN", "mean_seconds", .right, raw: { Figures.raw($0.tally.meanSeconds) }) {
        Figures.span($0.tally.meanSeconds)
      },
      Column("P95", "p95_seconds", .right, raw: { Figures.raw($0.tally.p95Seconds) }) {
        Figures.span($0.tally.p95Seconds)
      },
    ]
  }

  private static var rest: [Column<ScheduleFigures>] {
    [
      Column("LAST", "last", wide: true, raw: { $0.tally.last ?? "" }) { Figures.time($0.tally.last) },
      Column("NEXT", "next", raw: { $0.next?.utc ?? "" }) { Figures.localTime($0.next?.time) },
      Column("WARNINGS", "warnings", wide: true, tone: { _ in .bad }) {
        $0.warnings.joined(separator: "; ")
      },
    ]
  }
}
