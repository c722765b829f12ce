import FoundationEssentials
import MillraceCore
import MillraceWire

extension Table where Row == JobView {
  /// Jobs, a line each.
  static var jobs: Table {
    Table(
      [
        Column("JOB", "id", .right) { "\($0.id)" },
        Column("HANDLER", "handler") { $0.handler },
        Column("STATE", "state", tone: { $0.state.tone }) { $0.state.rawValue },
        Column("PRIO", "priority", .right) { "\($0.priority)" },
        Column("TRIES", "attempts_used", .right, raw: { "\($0.attemptsUsed)" }) {
          "\($0.attemptsUsed)/\($0.maxAttempts)"
        },
        Column("SUBMITTED", "submitted", raw: { $0.submitted }) { Figures.time($0.submitted) },
        Column("ENDED", "ended", raw: { $0.ended ?? "" }) { Figures.time($0.ended) },
        Column("NOT BEFORE", "not_before", wide: true, raw: { $0.notBefore ?? "" }) {
          Figures.time($0.notBefore)
        },
        Column("MEMORY", "memory_bytes", .right, wide: true, raw: { "\($0.limits.memoryBytes)" }) {
          Figures.bytes($0.limits.memoryBytes)
        },
        Column("CPU", "cpu_millis", .right, wide: true, raw: { "\($0.limits.cpuMillis)" }) {
          Figures.processors($0.limits.cpuMillis)
        },
        Column("PIDS", "pids", .right, wide: true) { "\($0.limits.pids)" },
        Column("TIMEOUT", "timeout_seconds", .right, wide: true, raw: { "\($0.timeoutSeconds)" }) {
          Figures.span($0.timeoutSeconds)
        },
        Column("HELD", "held", wide: true) { $0.held ?? false ? "yes" : "" },
        Column("GROUP", "group", wide: true) { $0.group ?? "" },
        Column("CLASS", "class", wide: true) { $0.jobClass ?? "" },
        Column("LABELS", "labels", wide: true) { Figures.labels($0.labels) },
        Column("PARAMETERS", "parameters", wide: true) { $0.parameters.text },
        Column("AFTER", "after", wide: true) { ($0.after ?? []).words },
        Column("WORKFLOW", "workflow", .right, wide: true) { $0.workflow.map { "\($0)" } ?? "" },
        Column("STEP", "step", wide: true) { $0.step ?? "" },
        Column("PLACE", "place", wide: true, raw: { ($0.place ?? .local).rawValue }) {
          $0.place?.rawValue ?? ""
        },
      ], id: { "\($0.id)" })
  }
}

extension [DependencyView] {
  /// The dependencies in words: `ok:41 any:42`.
  fileprivate var words: String {
    map { "\($0.condition?.rawValue ?? "ok"):\($0.job.map { "\($0)" } ?? "-")" }.joined(separator: " ")
  }
}

extension JSONValue {
  /// The value as JSON on one line.
  var text: String {
    do {
      return String(decoding: try Wire.encoder().encode(self), as: UTF8.self)
    } catch {
      return "(\(error))"
    }
  }
}
