internal import CMillrace
public import FoundationEssentials

/// The job that a handler does, and its way to speak to Millrace.
///
/// It is valid until ``Handler/run(_:in:)`` returns, and may be used from any thread until then.
public struct Context: @unchecked Sendable {
  // SAFETY: both structs are constant while the handler runs, and the functions in them may be called from
  // any thread, as millrace.h promises.
  let job: UnsafePointer<millrace_job>
  let host: UnsafePointer<millrace_context>

  init(job: UnsafePointer<millrace_job>, host: UnsafePointer<millrace_context>) {
    self.job = job
    self.host = host
  }

  // MARK: The job

  /// The number of the job.
  public var jobID: Int64 { job.pointee.id }

  /// The number of this attempt at it: 1, 2, ….
  public var attempt: Int { Int(job.pointee.attempt) }

  /// The name under which the handler was asked for.
  public var handler: String { String(cString: job.pointee.handler) }

  /// The input of the job: read-only memory that is valid while the handler runs; empty if none was given.
  public var input: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: job.pointee.input, count: job.pointee.input_length)
  }

  /// When the attempt times out; nil for never.
  public var deadline: Date? {
    let milliseconds = job.pointee.deadline_ms
    return milliseconds == 0 ? nil : Date(timeIntervalSince1970: Double(milliseconds) / 1000)
  }

  /// A private, empty directory, also the current one; removed after the attempt.
  public var workDirectory: String { String(cString: job.pointee.work_directory) }

  /// The [W3C trace context](https://www.w3.org/TR/trace-context/) of the submitter; nil if none was given.
  public var traceParent: String? { job.pointee.trace_parent.map { String(cString: $0) } }

  /// The submitter's affinity key; nil if none was given. See ``AffinityHandler``.
  public var affinity: String? {
    guard job.pointee.size > offset(of: \millrace_job.affinity) else { return nil }
    return job.pointee.affinity.map { String(cString: $0) }
  }

  /// Whether the job was asked to stop (cancelled, timed out, shut down): what still runs after the grace
  /// period is killed.
  public var isCancelled: Bool { host.pointee.cancelled(host) != 0 }

  /// Returns if the job may go on.
  ///
  /// - Throws: `CancellationError` if the job was asked to stop.
  public func checkCancellation() throws {
    if isCancelled { throw CancellationError() }
  }

  // MARK: Speaking to Millrace

  /// Writes a line to the job's log.
  ///
  /// - Parameters:
  ///   - message: a sentence.
  ///   - fields: named values, in this order.
  ///   - level: how grave it is.
  public func log(
    _ message: String, _ fields: KeyValuePairs<String, String> = [:], level: LogLevel = .info
  ) {
    withFields(fields) { fields in
      _ = host.pointee.log(host, level.rawValue, message, fields.baseAddress, fields.count)
    }
  }

  /// Reports how far the job is; cheap enough to be called often.
  ///
  /// - Parameters:
  ///   - fraction: 0 to 1.
  ///   - message: what the job does now; nil for no words.
  public func progress(_ fraction: Double, _ message: String? = nil) {
    _ = host.pointee.progress(host, fraction, message)
  }

  // MARK: What ends a job

  /// Hands the result over; returns what `run` returns to Millrace.
  func finish(_ result: JobResult) -> Int32 {
    guard let bytes = result.bytes else { return Int32(MILLRACE_OK) }
    let answer = bytes.withUnsafeBytes { bytes in
      host.pointee.set_result(host, bytes.baseAddress, bytes.count, result.mediaType)
    }
    guard answer != MILLRACE_OK else { return answer }
    return fail(
      JobFailure(
        "result_refused", "a result of \(bytes.count) bytes is not taken; the log tells why",
        isRetryable: false))
  }

  /// Fails the job; returns what `run` returns to Millrace.
  func fail(_ failure: JobFailure) -> Int32 {
    host.pointee.fail(host, failure.code, failure.message, failure.isRetryable ? 1 : 0)
  }

  /// The JSON text of the parameters; an empty object if the job has none.
  var parameters: Data {
    guard let text = job.pointee.parameters, job.pointee.parameters_length > 0 else { return Data("{}".utf8) }
    return Data(bytes: text, count: job.pointee.parameters_length)
  }

  private func withFields(
    _ fields: KeyValuePairs<String, String>, _ body: (UnsafeBufferPointer<millrace_field>) -> Void
  ) {
    let copies = fields.map { ($0.key.asCString(), $0.value.asCString()) }
    let array = copies.map { name, value in millrace_field(name: name, value: value) }
    array.withUnsafeBufferPointer(body)
    for (name, value) in copies {
      name.deallocate()
      value.deallocate()
    }
  }
}

/// How grave a log message is.
public enum LogLevel: Int32, Sendable, CaseIterable {
  /// For whoever looks for a mistake.
  case debug = 1
  /// What goes on.
  case info
  /// What a reader should see.
  case notice
  /// What may be wrong.
  case warning
  /// What is wrong.
  case error
}

extension String {
  /// Returns a copy as C has it; the caller deallocates it, or never does.
  func asCString() -> UnsafePointer<CChar> {
    let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: utf8.count + 1)
    _ = copy.initialize(from: utf8CString)
    return UnsafePointer(copy.baseAddress.unsafelyUnwrapped)
  }
}
