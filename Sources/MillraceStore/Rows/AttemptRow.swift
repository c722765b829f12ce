import GRDB
import MillraceCore

/// An attempt as columns of the table `attempt`.
enum AttemptRow {
  private static let startColumns = [
    "handler", "plugin", "plugin_version", "plugin_sha256", "limit_memory", "limit_cpu_millis", "limit_pids",
    "limit_io", "admission_estimate", "admission_memory_used", "admission_memory_capacity",
    "admission_running", "admission_queued", "admission", "place", "queued", "starting",
  ]
  private static let spanColumns = ["started", "frozen_time", "frozen_since"]
  private static let endColumns = [
    "outcome", "ended", "exit_code", "exit_signal", "failure_code", "failure_message", "failure_retryable",
    "memory_peak", "cpu_user", "cpu_system", "throttled", "io_read", "io_written", "pids_peak", "oom_kills",
    "forks_refused", "time_to_peak", "tier", "cluster_job", "node",
  ]

  /// What may come after the end.
  private static let lateColumns = ["late_outcome"]

  /// The columns that `read` reads, in its order.
  static let columns = (["job", "number"] + startColumns + spanColumns + lateColumns + endColumns)
    .map { "attempt.\($0)" }.joined(separator: ", ")

  private static let insertion: String = {
    let marks = startColumns.map { _ in "?" }.joined(separator: ", ")
    return """
      INSERT INTO attempt (job, number, class, \(startColumns.joined(separator: ", ")))
      VALUES (?1, ?, (SELECT class FROM job WHERE id = ?1), \(marks))
      """
  }()

  private static let ending = endingSQL(with: "")
  private static let beginningAndEnding = endingSQL(with: "started = ?, ", where: " AND started IS NULL")
  /// That it began was seen later than it did.
  private static let begunEarlier = endingSQL(with: "started = ?, ")

  private static func endingSQL(with first: String, where condition: String = "") -> String {
    let pairs = endColumns.map { "\($0) = ?" }.joined(separator: ", ")
    return """
      UPDATE attempt SET \(first)\(pairs),
        frozen_time = frozen_time + coalesce(max(0, ? - frozen_since), 0), frozen_since = NULL
      WHERE job = ? AND number = ? AND outcome IS NULL\(condition)
      """
  }

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
      admission.demand.memory.rawValue, admission.used.memory.rawValue, admission.capacity.memory.rawValue,
      admission.used.slots, admission.queued, try JSONText.encode(admission),
      attempt.place == .local ? nil : attempt.place.rawValue, attempt.queued.rawValue,
      attempt.starting.rawValue,
    ]
    try db.cachedStatement(sql: insertion).execute(arguments: StatementArguments(values))
  }

  /// Notes how an open attempt ended; if it was frozen, it no longer is. `startedNow` is for one that is not
  /// on record as started.
  /// - Returns: how many rows that changed: 0 if there is no such open attempt.
  static func end(
    _ id: AttemptID, _ end: AttemptEnd, startedNow: Timestamp?, in db: Database
  ) throws -> Int {
    try StorableText.check(end.failure?.code, "failure code")
    try StorableText.check(end.failure?.message, "failure message")
    try StorableText.check(end.whereabouts?.clusterJob, "number of a cluster's job")
    try StorableText.check(end.whereabouts?.node, "name of a node")
    let (code, signal): (Int32?, Int32?) =
      switch end.exit {
      case .exited(let code): (code, nil)
      case .signalled(let signal): (nil, signal)
      case nil: (nil, nil)
      }
    let usage = end.usage
    var values: [(any DatabaseValueConvertible)?] = (end.began ?? startedNow).map { [$0.rawValue] } ?? []
    values += [
      end.outcome.rawValue, end.ended.rawValue, code, signal, end.failure?.code, end.failure?.message,
      end.failure?.isRetryable, usage.memoryPeak?.rawValue, usage.cpuUser?.microseconds,
      usage.cpuSystem?.microseconds, usage.throttled?.microseconds, usage.ioRead?.rawValue,
      usage.ioWritten?.rawValue, usage.pidsPeak, usage.oomKills, usage.forksRefused,
      usage.timeToPeak?.microseconds, end.tier?.rawValue, end.whereabouts?.clusterJob, end.whereabouts?.node,
      end.ended.rawValue, id.job.rawValue, id.number,
    ]
    let sql = startedNow != nil ? beginningAndEnding : end.began == nil ? ending : begunEarlier
    try db.cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    return db.changesCount
  }

  /// Reads an attempt: `columns`. Its result stays behind.
  static func read(_ reader: inout RowReader) throws -> Attempt {
    let id = AttemptID(job: JobID(try reader.value()), number: try reader.int())
    let handler: String = try reader.value()
    let (plugin, version, sha256): (String, String, String) = (
      try reader.value(), try reader.value(), try reader.value()
    )
    let limits = try LimitColumns.read(&reader)
    let admission = try readAdmission(&reader, limits: limits)
    let place = try reader.optionalWord(Place.self)
    var attempt = Attempt(
      id: id, handler: handler, plugin: plugin, pluginVersion: version, pluginSHA256: sha256, limits: limits,
      admission: admission, queued: try reader.time(), starting: try reader.time(),
      started: reader.optionalTime())
    attempt.place = place ?? .local
    attempt.frozenTime = try reader.span()
    attempt.frozenSince = reader.optionalTime()
    attempt.lateOutcome = try reader.optionalWord(Outcome.self)
    attempt.end = try readEnd(&reader)
    return attempt
  }

  /// Reads what admission knew. Of an attempt from before schema `v2` that is little: it was expected to need
  /// its limits, and of what was used and what there was only the columns here are known.
  private static func readAdmission(_ reader: inout RowReader, limits: Limits) throws -> Admission {
    let (estimate, memoryUsed, capacity) = (try reader.bytes(), try reader.bytes(), try reader.bytes())
    let (running, queued) = (try reader.int(), try reader.int())
    if let whole = try reader.optionalJSON(Admission.self) { return whole }
    return Admission(
      demand: Resources(
        slots: 1, memory: estimate, committed: limits.memory, cpuMillis: limits.cpuMillis),
      used: Resources(slots: running, memory: memoryUsed), capacity: Resources(memory: capacity),
      queued: queued)
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
      pidsPeak: reader.optional(), oomKills: reader.optional(), forksRefused: reader.optional(),
      timeToPeak: reader.optionalSpan())
    var end = AttemptEnd(outcome: outcome, ended: ended, exit: exit, usage: usage, failure: failure)
    end.tier = try reader.optionalWord(StartTier.self)
    let (clusterJob, node): (String?, String?) = (reader.optional(), reader.optional())
    if clusterJob != nil || node != nil { end.whereabouts = Whereabouts(clusterJob: clusterJob, node: node) }
    return end
  }

  private static func readFailure(_ reader: inout RowReader) throws -> Failure? {
    let code: String? = reader.optional()
    let message: String? = reader.optional()
    let isRetryable: Bool? = reader.optional()
    guard let code, let message, let isRetryable else { return nil }
    return Failure(code: code, message: message, isRetryable: isRetryable)
  }
}
