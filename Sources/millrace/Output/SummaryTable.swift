import MillraceWire

extension Table where Row == SummaryView {
  /// Handlers with their figures, a line each.
  static var summaries: Table {
    Table([Column("HANDLER", "handler") { $0.handler }] + counts + figures + rest, id: { $0.handler })
  }

  /// Builds with their figures, a line each.
  static var buildSummaries: Table {
    Table(
      [
        Column("HANDLER", "handler") { $0.handler },
        Column("BUILD", "build_sha256", raw: { $0.buildSha256 ?? "" }) {
          Figures.build($0.buildSha256 ?? "")
        },
        Column("VERSION", "version") { $0.version ?? "" },
        Column("FIRST", "first", raw: { $0.first ?? "" }) { Figures.time($0.first) },
      ] + counts + figures + [.regressions { $0.regressions }] + rest, id: { $0.buildSha256 ?? "" })
  }

  private static var counts: [Column<SummaryView>] {
    [
      Column("ATTEMPTS", "attempts", .right) { "\($0.attempts)" },
      Column("SUCCEEDED", "succeeded", .right) { "\($0.succeeded)" },
    ]
  }

  private static var figures: [Column<SummaryView>] {
    [
      Column("RUN P50", "run_p50_seconds", .right, raw: { Figures.raw($0.runP50Seconds) }) {
        Figures.span($0.runP50Seconds)
      },
      Column("RUN P95", "run_p95_seconds", .right, raw: { Figures.raw($0.runP95Seconds) }) {
        Figures.span($0.runP95Seconds)
      },
      Column("PEAK P95", "memory_p95_bytes", .right, raw: { Figures.raw($0.memoryP95Bytes) }) {
        Figures.bytes($0.memoryP95Bytes)
      },
      Column("PEAK MAX", "memory_max_bytes", .right, raw: { Figures.raw($0.memoryMaxBytes) }) {
        Figures.bytes($0.memoryMaxBytes)
      },
      Column("CPU", "cpu_total_seconds", .right, raw: { "\($0.cpuTotalSeconds)" }) {
        Figures.span($0.cpuTotalSeconds)
      },
    ]
  }

  private static var rest: [Column<SummaryView>] {
    [
      Column("WAIT P50", "wait_p50_seconds", .right, wide: true, raw: { Figures.raw($0.waitP50Seconds) }) {
        Figures.span($0.waitP50Seconds)
      },
      Column("OUTCOMES", "outcomes", wide: true) { Figures.labels($0.outcomes.mapValues { "\($0)" }) },
    ]
  }
}

extension Column {
  /// What a build takes more of than the one before it.
  static func regressions(_ regressions: @escaping (Row) -> [RegressionView]?) -> Column {
    Column("REGRESSION", "regressions", tone: { (regressions($0) ?? []).isEmpty ? .plain : .bad }) {
      Figures.regressions(regressions($0))
    }
  }
}
