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
      Column("PLACE", "place", wide: true, raw: { ($0.place ?? .local).rawValue }) {
        $0.place?.rawValue ?? ""
      },
      Column("NODE", "node", wide: true) { $0.node ?? "" },
      Column("SLURM JOB", "cluster_job", .right, wide: true) { $0.clusterJob ?? "" },
      Column("PRIO", "priority", .right, wide: true) { Figures.raw($0.priority) },
      Column("CLASS", "class", wide: true) { $0.jobClass ?? "" },
      Column("LABELS", "labels", wide: true) { Figures.labels($0.labels) },
      Column("PLUGIN", "plugin", wide: true, raw: { $0.plugin }) { "\($0.plugin) \($0.pluginVersion)" },
      Column("BUILD", "plugin_sha256", wide: true, raw: { $0.pluginSha256 }) {
        Figures.build($0.pluginSha256)
      },
      Column("VERDICT", "verdict", wide: true) { $0.verdict },
    ]
  }
}
