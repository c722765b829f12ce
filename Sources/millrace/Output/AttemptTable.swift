import MillraceCore
import MillraceWire

extension Table where Row == AttemptView {
  /// Attempts, a line each.
  static var attempts: Table { Table(main + usage + rest, id: { $0.id }) }

  private static var main: [Column<AttemptView>] {
    [
      Column("ATTEMPT", "id", .right) { $0.id },
      Column("HANDLER", "handler") { $0.handler },
      Column("OUTCOME", "outcome", raw: { $0.outcome?.rawValue ?? "" }, tone: { $0.outcome?.tone ?? .busy }) {
        $0.outcome?.rawValue ?? ($0.started == nil ? "(starting)" : "(running)")
      },
      Column("STARTED", "started", raw: { $0.started ?? "" }) { Figures.time($0.started) },
      Column("WAIT", "wait_seconds", .right, raw: { Figures.raw($0.waitSeconds) }) {
        Figures.span($0.waitSeconds)
      },
      Column("RUN", "run_seconds", .right, raw: { Figures.raw($0.runSeconds) }) {
        Figures.span($0.runSeconds)
      },
    ]
  }

  private static var usage: [Column<AttemptView>] {
    [
      Column("CPU", "cpu_seconds", .right, raw: { Figures.raw($0.usage.cpuSeconds) }) {
        Figures.span($0.usage.cpuSeconds)
      },
      Column("PEAK", "memory_peak_bytes", .right, raw: { Figures.raw($0.usage.memoryPeakBytes) }) {
        Figures.bytes($0.usage.memoryPeakBytes)
      },
      Column("LIMIT", "memory_limit_bytes", .right, raw: { "\($0.limits.memoryBytes)" }) {
        Figures.bytes($0.limits.memoryBytes)
      },
      Column(
        "THROTTLED", "throttled_seconds", .right, wide: true, raw: { Figures.raw($0.usage.throttledSeconds) }
      ) {
        Figures.span($0.usage.throttledSeconds)
      },
      Column("READ", "io_read_bytes", .right, wide: true, raw: { Figures.raw($0.usage.ioReadBytes) }) {
        Figures.bytes($0.usage.ioReadBytes)
      },
      Column("WRITTEN", "io_written_bytes", .right, wide: true, raw: { Figures.raw($0.usage.ioWrittenBytes) })
      {
        Figures.bytes($0.usage.ioWrittenBytes)
      },
      Column("PIDS", "pids_peak", .right, wide: true) { Figures.raw($0.usage.pidsPeak) },
    ]
  }

  private static var rest: [Column<AttemptView>] {
    [
      Column("ENDED", "ended", wide: true, raw: { $0.ended ?? "" }) { Figures.time($0.ended) },
      Column("STATE", "state", wide: true, tone: { $0.state?.tone ?? .plain }) { $0.state?.rawValue ?? "" },
      Column("EXIT", "exit_code", .right, wide: true) { Figures.raw($0.exitCode) },
      Column("SIGNAL", "signal", .right, wide: true) { Figures.raw($0.signal) },
      Column("START", "tier", wide: true) { $0.tier?.rawValue ?? "" },
      Column("PRIO", "priority", .right, wide: true) { Figures.raw($0.priority) },
      Column("CLASS", "class", wide: true) { $0.jobClass ?? "" },
      Column("LABELS", "labels", wide: true) { Figures.labels($0.labels) },
      Column("PLUGIN", "plugin", wide: true, raw: { $0.plugin }) { "\($0.plugin) \($0.pluginVersion)" },
      Column("VERDICT", "verdict", wide: true) { $0.verdict },
    ]
  }
}

extension Table where Row == SummaryView {
  /// Handlers with their figures, a line each.
  static var summaries: Table {
    Table(
      [
        Column("HANDLER", "handler") { $0.handler },
        Column("ATTEMPTS", "attempts", .right) { "\($0.attempts)" },
        Column("SUCCEEDED", "succeeded", .right) { "\($0.succeeded)" },
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
        Column("WAIT P50", "wait_p50_seconds", .right, wide: true, raw: { Figures.raw($0.waitP50Seconds) }) {
          Figures.span($0.waitP50Seconds)
        },
        Column("OUTCOMES", "outcomes", wide: true) { Figures.labels($0.outcomes.mapValues { "\($0)" }) },
      ], id: { $0.handler })
  }
}
