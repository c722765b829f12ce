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
  /// 1 to 10, higher is sooner; 5 if not given.
  package var priority: Int?
  /// In JSON: `class`.
  package var jobClass: String?
  package var labels: [String: String]?
  /// RFC 3339.
  package var notBefore: String?
  package var traceParent: String?

  private enum CodingKeys: String, CodingKey {
    case handler, parameters, arguments, input, memoryBytes, cpuMillis, pids, io, timeoutSeconds
    case graceSeconds, maxAttempts, retryDelaySeconds, priority, labels, notBefore, traceParent
    case jobClass = "class"
  }

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

  package init(ids: [JobID]) { self.ids = ids }
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
      retryDelay: try retryDelaySeconds.map { try Self.span($0, "retry_delay_seconds") })
    return JobRequest(
      handler: handler, parameters: parameters ?? [:], arguments: arguments ?? [],
      input: input.map { [UInt8]($0) }, wishes: wishes, priority: priority, jobClass: jobClass,
      labels: labels ?? [:], notBefore: start, traceParent: traceParent)
  }

  private static func positive(_ value: Int64, _ name: String) throws -> Int64 {
    guard value > 0 else { throw Refusal(.invalid, "`\(name)` must be above 0, not \(value)") }
    return value
  }

  private static func span(_ seconds: Double, _ name: String) throws -> Duration {
    guard seconds >= 1e-6, seconds < 1e10 else {
      throw Refusal(.invalid, "`\(name)` must be 0.000001 or more and below 1e10, not \(seconds)")
    }
    return .microseconds(Int64((seconds * 1e6).rounded()))
  }
}
