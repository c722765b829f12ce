package import FoundationEssentials
package import MillraceCore

/// The body of `POST /v1/jobs`; only the handler must be given.
package struct SubmitRequest: Codable, Sendable, Equatable {
  package var handler: String
  /// Parameters with their types.
  package var parameters: [String: JSONValue]?
  /// Parameters as text; the handler's schema says what type each has.
  package var arguments: [JobRequest.Argument]?
  /// The input bytes, in base64.
  package var input: Data?
  package var memoryBytes: Int64?
  /// Thousandths of a processor.
  package var cpuMillis: Int64?
  package var pids: Int64?
  package var io: [IOLimit]?
  package var timeoutSeconds: Double?
  package var graceSeconds: Double?
  package var maxAttempts: Int?
  package var retryDelaySeconds: Double?
  package var retryFactor: Double?
  package var retryMaxDelaySeconds: Double?
  /// The part of a wait that is drawn by lot, 0 to 1.
  package var retryJitter: Double?
  /// After which ends there is another attempt: `error`, `crashed`, `timedOut`, `oomOwnLimit`, or `none`.
  package var retryOn: [String]?
  /// The most memory that a later attempt gets.
  package var memoryMaxBytes: Int64?
  package var timeoutFactor: Double?
  package var startWithinSeconds: Double?
  package var finishWithinSeconds: Double?
  /// 1 to 10, higher is sooner; 5 if not given.
  package var priority: Int?
  /// In JSON: `class`.
  package var jobClass: String?
  package var labels: [String: String]?
  /// RFC 3339.
  package var notBefore: String?
  package var traceParent: String?
  /// As long as a job with this key holds it, another submission with it gets that job; 1 to 200 characters.
  package var key: String?
  /// `handler` (if not given) or `global`.
  package var keyScope: String?
  /// How long the key holds; a day if not given.
  package var keyWindowSeconds: Double?
  /// The key holds until its job has ended; without a key, one is made of handler, parameters, class and
  /// input.
  package var unique: Bool?
  /// The group that it shall be in beside those of its handler.
  package var group: String?
  /// Whether it shall be held until somebody releases it.
  package var hold: Bool?
  /// The jobs that must have ended before it may be queued.
  package var after: [DependencyView]?
  /// `cancel`, or `hold` for somebody to decide.
  package var onDependencyFailure: String?
  /// Its step in its workflow.
  package var step: String?
  /// Jobs with the same one are best started from the same warm host; 1 to 255 bytes.
  package var affinity: String?
  /// Where its attempts may run: `local`, `slurm` or `auto`.
  package var place: String?

  private enum CodingKeys: String, CodingKey {
    case handler, parameters, arguments, input, memoryBytes, cpuMillis, pids, io, timeoutSeconds
    case graceSeconds, maxAttempts, retryDelaySeconds, retryFactor, retryMaxDelaySeconds, retryJitter
    case retryOn, memoryMaxBytes, timeoutFactor, startWithinSeconds, finishWithinSeconds, priority, labels
    case notBefore, traceParent, after, onDependencyFailure, step
    case key, keyScope, keyWindowSeconds, unique, group, hold, affinity, place
    case jobClass = "class"
  }

  /// The names of all members, as they are in JSON.
  package static let members = [
    "handler", "parameters", "arguments", "input", "memory_bytes", "cpu_millis", "pids", "io",
    "timeout_seconds", "grace_seconds", "max_attempts", "retry_delay_seconds", "retry_factor",
    "retry_max_delay_seconds", "retry_jitter", "retry_on", "memory_max_bytes", "timeout_factor",
    "start_within_seconds", "finish_within_seconds", "priority", "class", "labels", "not_before",
    "trace_parent", "key", "key_scope", "key_window_seconds", "unique", "group", "hold", "affinity", "after",
    "on_dependency_failure", "step", "place",
  ]

  /// Makes a request for a job of a handler.
  package init(handler: String) { self.handler = handler }
}

/// The body of `POST /v1/jobs/batch`: all of them are accepted, or none.
package struct BatchRequest: Codable, Sendable, Equatable {
  package var jobs: [SubmitRequest]

  package init(jobs: [SubmitRequest]) { self.jobs = jobs }
}

/// The answer to a batch: the numbers of the jobs, in the order of the requests.
package struct BatchAnswer: Codable, Sendable, Equatable {
  package var ids: [JobID]
  /// Those that were there already, because they have the key of a request; nil if none was.
  package var existing: [JobID]?

  package init(ids: [JobID], existing: [JobID]? = nil) {
    self.ids = ids
    self.existing = existing
  }
}

extension SubmitRequest {
  /// Returns the request in the core's words.
  /// - Throws: `Refusal` (`invalid`) for a value that can't be: not positive, not finite, no time.
  package func jobRequest() throws -> JobRequest {
    guard let priority = Priority(rawValue: priority ?? Priority.default.rawValue) else {
      throw Refusal(.invalid, "priority is 1 to 10, not \(self.priority ?? 0)")
    }
    let start = try notBefore.map { text in
      guard let time = Wire.time(from: text) else {
        throw Refusal(.invalid, "`not_before` is no time: `\(text)`", hint: "write 2026-11-21T04:20:00Z")
      }
      return time
    }
    let wishes = Wishes(
      memory: try memoryBytes.map { Bytes(try Self.positive($0, "memory_bytes")) },
      cpuMillis: try cpuMillis.map { try Self.positive($0, "cpu_millis") },
      pids: try pids.map { try Self.positive($0, "pids") },
      io: io,
      timeout: try timeoutSeconds.map { try Self.span($0, "timeout_seconds") },
      grace: try graceSeconds.map { try Self.span($0, "grace_seconds") },
      maxAttempts: try maxAttempts.map { Int(try Self.positive(Int64($0), "max_attempts")) },
      retryDelay: try retryDelaySeconds.map { try Self.span($0, "retry_delay_seconds") },
      retry: try retryWishes(),
      startWithin: try startWithinSeconds.map { try Self.span($0, "start_within_seconds") },
      finishWithin: try finishWithinSeconds.map { try Self.span($0, "finish_within_seconds") },
      place: try place.map { try QueryValue.oneOf(Placement.self, "place", $0) })
    var request = JobRequest(
      handler: handler, parameters: parameters ?? [:], arguments: arguments ?? [],
      input: input.map { [UInt8]($0) }, wishes: wishes, priority: priority, jobClass: jobClass,
      labels: labels ?? [:], notBefore: start, traceParent: traceParent)
    request.key = try jobKey()
    request.isUnique = unique ?? false
    request.group = group
    request.isHeld = hold ?? false
    request.affinity = affinity
    request.after = try (after ?? []).map { try $0.dependency() }
    request.step = step
    if let word = onDependencyFailure {
      request.onDependencyFailure = try QueryValue.oneOf(
        Dependency.Failure.self, "on_dependency_failure", word)
    }
    return request
  }

  private func jobKey() throws -> JobKey? {
    guard let key else {
      guard keyScope == nil, keyWindowSeconds == nil else {
        throw Refusal(.invalid, "`key_scope` and `key_window_seconds` need a `key`")
      }
      return nil
    }
    guard unique != true || keyWindowSeconds == nil else {
      throw Refusal(
        .invalid, "`unique` and `key_window_seconds` exclude each other",
        hint: "a unique key holds until its job has ended")
    }
    var made = JobKey(key)
    if let keyScope { made.scope = try QueryValue.oneOf(JobKey.Scope.self, "key_scope", keyScope) }
    if let keyWindowSeconds { made.window = try Self.span(keyWindowSeconds, "key_window_seconds") }
    return made
  }

  /// Makes the request of a job as a workflow or a template has it.
  package init(_ request: JobRequest) {
    self.init(handler: request.handler)
    if !request.parameters.isEmpty { parameters = request.parameters }
    input = request.input.map { Data($0) }
    let wishes = request.wishes
    memoryBytes = wishes.memory?.rawValue
    (cpuMillis, pids, io) = (wishes.cpuMillis, wishes.pids, wishes.io)
    (timeoutSeconds, graceSeconds) = (wishes.timeout?.seconds, wishes.grace?.seconds)
    (maxAttempts, retryDelaySeconds) = (wishes.maxAttempts, wishes.retryDelay?.seconds)
    (retryFactor, retryJitter) = (wishes.retry?.factor, wishes.retry?.jitter)
    retryMaxDelaySeconds = wishes.retry?.maxDelay?.seconds
    retryOn = wishes.retry?.causes.map { causes in
      causes.isEmpty ? ["none"] : RetryCauses.names.filter { causes.contains($0.cause) }.map(\.name)
    }
    memoryMaxBytes = wishes.retry?.memoryMax?.rawValue
    timeoutFactor = wishes.retry?.timeoutFactor
    (startWithinSeconds, finishWithinSeconds) = (wishes.startWithin?.seconds, wishes.finishWithin?.seconds)
    place = wishes.place?.rawValue
    if request.priority != .default { priority = request.priority.rawValue }
    jobClass = request.jobClass
    group = request.group
    affinity = request.affinity
    if !request.labels.isEmpty { labels = request.labels }
    if !request.after.isEmpty { after = request.after.map(DependencyView.init) }
    if request.onDependencyFailure != .cancel { onDependencyFailure = request.onDependencyFailure.rawValue }
    step = request.step
  }

  /// Nil if nothing is said of later attempts.
  private func retryWishes() throws -> RetryWishes? {
    var wishes = RetryWishes()
    wishes.factor = retryFactor
    wishes.maxDelay = try retryMaxDelaySeconds.map { try Self.span($0, "retry_max_delay_seconds") }
    wishes.jitter = retryJitter
    wishes.causes = try retryOn.map(RetryCauses.init(words:))
    wishes.memoryMax = try memoryMaxBytes.map { Bytes(try Self.positive($0, "memory_max_bytes")) }
    wishes.timeoutFactor = timeoutFactor
    return wishes == RetryWishes() ? nil : wishes
  }

  static func positive(_ value: Int64, _ name: String) throws -> Int64 {
    guard value > 0 else { throw Refusal(.invalid, "`\(name)` must be above 0, not \(value)") }
    return value
  }

  static func span(_ seconds: Double, _ name: String) throws -> Duration {
    guard seconds >= 1e-6, seconds < 1e10 else {
      throw Refusal(.invalid, "`\(name)` must be 0.000001 or more and below 1e10, not \(seconds)")
    }
    return .microseconds(Int64((seconds * 1e6).rounded()))
  }
}
