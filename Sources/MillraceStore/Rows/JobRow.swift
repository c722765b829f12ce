import GRDB
import MillraceCore

/// A job as columns of the table `job`.
enum JobRow {
  private static let wishColumns = [
    "wish_memory", "wish_cpu_millis", "wish_pids", "wish_io", "wish_timeout", "wish_grace",
    "wish_max_attempts",
    "wish_retry_delay", "wish_retry", "wish_start_within", "wish_finish_within", "wish_place",
  ]
  static let termColumns = [
    "limit_memory", "limit_cpu_millis", "limit_pids", "limit_io", "timeout", "grace", "max_attempts",
    "retry_delay", "retry", "start_within", "finish_within", "place",
  ]
  private static let askedColumns =
    [
      "handler", "priority", "class", "parameters", "trace_parent", "asked_not_before", "input_size",
      "on_dependency_failure", "job_key", "job_group", "step", "affinity", "owner", "secrets",
    ]
    + wishColumns + termColumns

  /// The columns that `read` reads after the job's number, in its order.
  static let columns =
    (askedColumns + courseColumns).map { "job.\($0)" }.joined(separator: ", ")
    + ", (SELECT json_group_object(key, value) FROM label WHERE label.job = job.id), "
    + DependencyRows.column

  /// The same of a job without parameters, labels and dependencies, whatever it has.
  static let bareColumns =
    (askedColumns + courseColumns).map { $0 == "parameters" ? "'{}'" : "job.\($0)" }.joined(separator: ", ")
    + ", '{}', '[]'"

  private static let courseColumns = [
    "submitted", "state", "not_before", "ended", "attempts", "attempts_used", "held", "cancel_requested",
    "end_code", "end_message", "carryover", "workflow",
  ]

  private static let insertion: String = {
    let names = ["id"] + askedColumns + ["held", "workflow", "submitted", "state", "not_before", "attempts"]
    let marks = names.map { _ in "?" }.joined(separator: ", ")
    return "INSERT INTO job (\(names.joined(separator: ", "))) VALUES (\(marks))"
  }()

  /// Adds a job with its labels; its input and its dependencies are somebody else's concern. Without a
  /// number it gets the next one. One that starts at once has its first attempt.
  static func insert(
    _ asked: Submission, as number: JobID? = nil, workflow: Int64?, startsAtOnce: Bool = false,
    at now: Timestamp, in db: Database
  ) throws -> JobID {
    try StorableText.check(asked.handler, "handler")
    try StorableText.check(asked.jobClass, "class")
    try StorableText.check(asked.traceParent, "trace context")
    let state = startsAtOnce ? .starting : asked.firstState(at: now)
    var values: [(any DatabaseValueConvertible)?] = [
      number?.rawValue, asked.handler, asked.priority.rawValue, asked.jobClass,
      try JSONText.encode(asked.parameters),
      asked.traceParent, asked.notBefore?.rawValue, asked.input?.count,
      asked.onDependencyFailure.rawValue, try asked.key.map { try JSONText.encode($0) }, asked.group,
      asked.step, asked.affinity, asked.owner,
      asked.secrets.isEmpty ? nil : try JSONText.encode(asked.secrets),
    ]
    values += try wishValues(asked.wishes)
    values += try termValues(asked.terms)
    values += [
      asked.isHeld, workflow, now.rawValue, state.rawValue,
      state == .scheduled ? asked.notBefore?.rawValue : nil, startsAtOnce ? 1 : 0,
    ]
    try db.cachedStatement(sql: insertion).execute(arguments: StatementArguments(values))
    let id = JobID(db.lastInsertedRowID)
    for (key, value) in asked.labels {
      try StorableText.check(key, "key of a label")
      try StorableText.check(value, "value of a label")
      try db.cachedStatement(sql: "INSERT INTO label (job, key, value) VALUES (?, ?, ?)")
        .execute(arguments: [id.rawValue, key, value])
    }
    return id
  }

  /// Reads a job by its number; nil if it is not there.
  static func fetch(_ id: JobID, in db: Database) throws -> Job? {
    let row = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT id, \(columns) FROM job WHERE id = ?"), arguments: [id.rawValue])
    guard let row else { return nil }
    var reader = RowReader(row)
    return try read(&reader)
  }

  /// Reads a job: its number and then `columns`.
  static func read(_ reader: inout RowReader) throws -> Job {
    let id = JobID(try reader.value())
    let handler: String = try reader.value()
    let priority = try reader.priority()
    let jobClass: String? = reader.optional()
    let parameters = try parameters(from: reader.value())
    let traceParent: String? = reader.optional()
    let notBefore = reader.optionalTime()
    let inputLength = try reader.optionalBytes()
    let onDependencyFailure = try reader.word(Dependency.Failure.self)
    let key = try reader.optionalJSON(JobKey.self)
    let (group, step): (String?, String?) = (reader.optional(), reader.optional())
    let (affinity, owner): (String?, String?) = (reader.optional(), reader.optional())
    let secrets = try reader.optionalJSON([String].self)
    let wishes = try readWishes(&reader)
    let terms = try readTerms(&reader)
    var job = Job(
      id: id,
      submission: Submission(
        handler: handler, parameters: parameters, wishes: wishes, terms: terms, priority: priority,
        jobClass: jobClass, notBefore: notBefore, traceParent: traceParent),
      inputLength: inputLength, submitted: try reader.time(), state: try reader.word(JobState.self),
      notBefore: reader.optionalTime(), ended: reader.optionalTime(), attempts: try reader.int(),
      attemptsUsed: try reader.int())
    job.isHeld = try reader.value()
    job.submission.isHeld = job.isHeld
    job.cancelRequested = reader.optionalTime()
    let (code, message): (String?, String?) = (reader.optional(), reader.optional())
    if let code, let message { job.reason = EndReason(code: code, message: message) }
    job.carryover = try reader.optionalJSON(Carryover.self) ?? Carryover()
    job.workflow = reader.optional()
    job.submission.labels = try reader.labels()
    job.submission.after = try DependencyRows.read(&reader)
    job.submission.onDependencyFailure = onDependencyFailure
    (job.submission.key, job.submission.group, job.submission.step) = (key, group, step)
    (job.submission.affinity, job.submission.owner) = (affinity, owner)
    job.submission.secrets = secrets ?? []
    return job
  }

  /// Reads parameters; most jobs of a large batch have none.
  static func parameters(from text: String) throws -> JSONValue {
    text == "{}" ? .object([:]) : try JSONText.decode(JSONValue.self, from: text)
  }

  private static func wishValues(_ wishes: Wishes) throws -> [(any DatabaseValueConvertible)?] {
    [
      wishes.memory?.rawValue, wishes.cpuMillis, wishes.pids, try wishes.io.map { try JSONText.encode($0) },
      wishes.timeout?.microseconds, wishes.grace?.microseconds, wishes.maxAttempts,
      wishes.retryDelay?.microseconds, try wishes.retry.map { try JSONText.encode($0) },
      wishes.startWithin?.microseconds, wishes.finishWithin?.microseconds, wishes.place?.rawValue,
    ]
  }

  static func termValues(_ terms: Terms) throws -> [(any DatabaseValueConvertible)?] {
    try LimitColumns.values(terms.limits) + [
      terms.timeout.microseconds, terms.grace.microseconds, terms.maxAttempts, terms.retryDelay.microseconds,
      terms.retry == RetryRule() ? nil : try JSONText.encode(terms.retry), terms.startWithin?.microseconds,
      terms.finishWithin?.microseconds, terms.place?.rawValue,
    ]
  }

  private static func readWishes(_ reader: inout RowReader) throws -> Wishes {
    Wishes(
      memory: try reader.optionalBytes(), cpuMillis: reader.optional(), pids: reader.optional(),
      io: try reader.optionalJSON([IOLimit].self), timeout: reader.optionalSpan(),
      grace: reader.optionalSpan(),
      maxAttempts: (reader.optional() as Int64?).map(Int.init), retryDelay: reader.optionalSpan(),
      retry: try reader.optionalJSON(RetryWishes.self), startWithin: reader.optionalSpan(),
      finishWithin: reader.optionalSpan(), place: try reader.optionalWord(Placement.self))
  }

  private static func readTerms(_ reader: inout RowReader) throws -> Terms {
    Terms(
      limits: try LimitColumns.read(&reader), timeout: try reader.span(), grace: try reader.span(),
      maxAttempts: try reader.int(), retryDelay: try reader.span(),
      retry: try reader.optionalJSON(RetryRule.self) ?? RetryRule(), startWithin: reader.optionalSpan(),
      finishWithin: reader.optionalSpan(), place: try reader.optionalWord(Placement.self))
  }
}

/// Limits as the four columns that both `job` and `attempt` have; NULL for no I/O limits.
enum LimitColumns {
  static func values(_ limits: Limits) throws -> [(any DatabaseValueConvertible)?] {
    [
      limits.memory.rawValue, limits.cpuMillis, limits.pids,
      limits.io.isEmpty ? nil : try JSONText.encode(limits.io),
    ]
  }

  static func read(_ reader: inout RowReader) throws -> Limits {
    Limits(
      memory: try reader.bytes(), cpuMillis: try reader.value(), pids: try reader.value(),
      io: try reader.optionalJSON([IOLimit].self) ?? [])
  }
}
