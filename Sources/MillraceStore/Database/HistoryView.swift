/// The view `history`, for people who use `sqlite3`; `docs/history-view.md` explains its columns.
enum HistoryView {
  /// The names of its columns, in order.
  static let columns = fields.map(\.name)

  private static let fields =
    firstFields + secondFields + thirdFields + fourthFields + eighthFields + tenthFields

  /// Makes it as it was in the schema `v1`.
  static let first = sql(of: firstFields)

  /// Makes it anew with what `v2` added.
  static let second = "DROP VIEW history; " + sql(of: firstFields + secondFields)

  /// Makes it with what `v3` added; the migration has dropped the one before.
  static let third = sql(of: firstFields + secondFields + thirdFields)

  /// Makes it anew with what `v4` added.
  static let fourth =
    "DROP VIEW history; " + sql(of: firstFields + secondFields + thirdFields + fourthFields)

  /// Makes it anew with what `v8` added.
  static let eighth =
    "DROP VIEW history; "
    + sql(of: firstFields + secondFields + thirdFields + fourthFields + eighthFields)

  /// Makes it anew with what `v10` added.
  static let tenth = "DROP VIEW history; " + sql(of: fields)

  private static func sql(of fields: [(name: String, value: String)]) -> String {
    let list = fields.map { "\($0.value) AS \($0.name)" }.joined(separator: ",\n  ")
    return """
      CREATE VIEW history AS SELECT
        \(list)
      FROM job LEFT JOIN attempt ON attempt.job = job.id
      """
  }

  private static let firstFields: [(name: String, value: String)] = [
    ("job", "job.id"),
    ("attempt", "attempt.number"),
    ("handler", "job.handler"),
    ("plugin", "attempt.plugin"),
    ("version", "attempt.plugin_version"),
    ("sha256", "attempt.plugin_sha256"),
    ("state", "job.state"),
    ("outcome", "attempt.outcome"),
    ("exit_code", "attempt.exit_code"),
    ("signal", "attempt.exit_signal"),
    ("submitted", time("job.submitted")),
    ("queued", time("attempt.queued")),
    ("admitted", time("attempt.starting")),
    ("started", time("attempt.started")),
    ("ended", time("coalesce(attempt.ended, iif(attempt.number IS NULL, job.ended, NULL))")),
    ("wait_s", seconds("attempt.wait")),
    ("run_s", seconds("attempt.duration")),
    ("memory_peak_bytes", "attempt.memory_peak"),
    ("memory_limit_bytes", "coalesce(attempt.limit_memory, job.limit_memory)"),
    ("memory_estimate_bytes", "attempt.admission_estimate"),
    ("cpu_user_s", seconds("attempt.cpu_user")),
    ("cpu_system_s", seconds("attempt.cpu_system")),
    ("cpu_limit", "coalesce(attempt.limit_cpu_millis, job.limit_cpu_millis) / 1000.0"),
    ("throttled_s", seconds("attempt.throttled")),
    ("io_read_bytes", "attempt.io_read"),
    ("io_written_bytes", "attempt.io_written"),
    ("pids_peak", "attempt.pids_peak"),
    ("pids_limit", "coalesce(attempt.limit_pids, job.limit_pids)"),
    ("oom_kills", "attempt.oom_kills"),
    ("forks_refused", "attempt.forks_refused"),
    ("priority", "job.priority"),
    ("class", "job.class"),
    ("labels", "(SELECT json_group_object(key, value) FROM label WHERE label.job = job.id)"),
    ("failure_code", "attempt.failure_code"),
    ("failure_message", "attempt.failure_message"),
  ]

  private static let secondFields = [
    ("frozen_s", seconds("attempt.frozen_time")),
    ("time_to_peak_s", seconds("attempt.time_to_peak")),
  ]

  private static let thirdFields = [
    ("end_code", "job.end_code"),
    ("end_message", "job.end_message"),
    ("held", "job.held"),
    ("job_group", "job.job_group"),
    ("workflow", "job.workflow"),
    ("step", "job.step"),
  ]

  private static let fourthFields = [
    ("affinity", "job.affinity"),
    ("tier", "attempt.tier"),
  ]

  private static let eighthFields = [("owner", "job.owner")]

  private static let tenthFields = [
    ("place", "coalesce(attempt.place, iif(attempt.number IS NULL, NULL, 'local'))"),
    ("node", "attempt.node"),
    ("cluster_job", "attempt.cluster_job"),
    ("late_outcome", "attempt.late_outcome"),
  ]

  /// Microseconds since 1970 as `2026-08-01T12:00:00.123Z`.
  private static func time(_ column: String) -> String {
    "strftime('%Y-%m-%dT%H:%M:%fZ', (\(column)) / 1e6, 'unixepoch')"
  }

  /// Microseconds as seconds with a fraction.
  private static func seconds(_ column: String) -> String { "\(column) / 1e6" }
}
