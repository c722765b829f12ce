import GRDB
import MillraceCore

/// An attempt as columns of the table `attempt`.
enum AttemptRow {
  private static let startColumns = [
    "handler", "plugin", "plugin_version", "plugin_sha256", "limit_memory", "limit_cpu_millis", "limit_pids",
    "limit_io", "admission_estimate", "admission_memory_used", "admission_memory_capacity",
    "admission_running",
    "admission_queued", "queued", "starting",
  ]
  private static let endColumns = [
    "outcome", "ended", "exit_code", "exit_signal", "failure_code", "failure_message", "failure_retryable",
    "memory_peak", "cpu_user", "cpu_system", "throttled", "io_read", "io_written", "pids_peak", "oom_kills",
    "forks_refused",
  ]

  /// The columns that `read` reads, in its order.
  static let columns = (["job", "number"] + startColumns + ["started"] + endColumns)
    .map { "attempt.\($0)" }.joined(separator: ", ")

  private static let insertion: String = {
    let marks = startColumns.map { _ in "?" }.joined(separator: ", ")
    return """
      INSERT INTO attempt (job, number, class, \(startColumns.joined(separator: ", ")))
      VALUES (?1, ?, (SELECT class FROM job WHERE id = ?1), \(marks))
      """
  }()

  private static let ending: String = {
    let pairs = endColumns.map { "\($0) = ?" }.joined(separator: ", ")
    return "UPDATE attempt SET \(pairs) WHERE job = ? AND number = ? AND outcome IS NULL"
  }()

  /// Adds an attempt that is about to start.
  static func insert(_ attempt: Attempt, in db: Database) throws {
    try StorableText.check(attempt.pluginVersion, "plugin version")
    var values: [(any DatabaseValueConvertible)?] = [
      attempt.id.job.rawValue, attempt.id.number, attempt.handler, attempt.plugin, attempt.pluginVersion,
      attempt.pluginSHA256,
    ]
    values += try LimitColumns.values(attempt.limits)
    let admission = attempt.admission
    values += [
      admission.estimate.rawValue, admission.memoryUsed.rawValue, admission.memoryCapacity.rawValue,
      admission.running, admission.queued, attempt.queued.rawValue, attempt.starting.rawValue,
    ]
    try db.cachedStatement(sql: insertion).execute(arguments: StatementArguments(values))
  }

  /// Notes how an open attempt ended.
  /// - Returns: how many rows that changed: 0 if there is no such open attempt.
  static func end(_ id: AttemptID, _ end: AttemptEnd, in db: Database) throws -> Int {
    try StorableText.check(end.failure?.code, "failure code")
    try StorableText.check(end.failure?.message, "failure message")
    let (code, signal): (Int32?, Int32?) =
      switch end.exit {
      case .exited(let code): (code, nil)
      case .signalled(let signal): (nil, signal)
      case nil: (nil, nil)
      }
    let usage = end.usage
    let values: [(any DatabaseValueConvertible)?] = [
      end.outcome.rawValue, end.ended.rawValue, code, signal, end.failure?.code, end.failure?.message,
      end.failure?.isRetryable, usage.memoryPeak?.rawValue, usage.cpuUser?.microseconds,
      usage.cpuSystem?.microseconds, usage.throttled?.microseconds, usage.ioRead?.rawValue,
      usage.ioWritten?.rawValue, usage.pidsPeak, usage.oomKills, usage.forksRefused, id.job.rawValue,
      id.number,
    ]
    try db.cachedStatement(sql: ending).execute(arguments: StatementArguments(values))
    return db.changesCount
  }

  /// Reads an attempt: `columns`. Its result stays behind.
  static func read(_ reader: inout RowReader) throws -> Attempt {
    let id = AttemptID(job: JobID(try reader.value()), number: try reader.int())
    var attempt = Attempt(
      id: id, handler: try reader.value(), plugin: try reader.value(), pluginVersion: try reader.value(),
      pluginSHA256: try reader.value(), limits: try LimitColumns.read(&reader),
      admission: try readAdmission(&reader), queued: try reader.time(), starting: try reader.time(),
      started: reader.optionalTime())
    attempt.end = try readEnd(&reader)
    return attempt
  }

  private static func readAdmission(_ reader: inout RowReader) throws -> Admission {
    Admission(
      estimate: try reader.bytes(), memoryUsed: try reader.bytes(), memoryCapacity: try reader.bytes(),
      running: try reader.int(), queued: try reader.int())
  }

  private static func readEnd(_ reader: inout RowReader) throws -> AttemptEnd? {
    guard let outcome = try reader.optionalWord(Outcome.self) else {
      reader.skip(endColumns.count - 1)
      return nil
    }
    let ended = try reader.time()
    let code: Int32? = reader.optional()
    let signal: Int32? = reader.optional()
    let exit = code.map(ExitStatus.exited(code:)) ?? signal.map(ExitStatus.signalled(signal:))
    let failure = try readFailure(&reader)
    let usage = Usage(
      memoryPeak: try reader.optionalBytes(), cpuUser: reader.optionalSpan(),
      cpuSystem: reader.optionalSpan(),
      throttled: reader.optionalSpan(), ioRead: try reader.optionalBytes(),
      ioWritten: try reader.optionalBytes(),
      pidsPeak: reader.optional(), oomKills: reader.optional(), forksRefused: reader.optional())
    return AttemptEnd(outcome: outcome, ended: ended, exit: exit, usage: usage, failure: failure)
  }

  private static func readFailure(_ reader: inout RowReader) throws -> Failure? {
    let code: String? = reader.optional()
    let message: String? = reader.optional()
    let isRetryable: Bool? = reader.optional()
    guard let code, let message, let isRetryable else { return nil }
    return Failure(code: code, message: message, isRetryable: isRetryable)
  }
}
