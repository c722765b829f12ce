/// One kind of job, written in Swift.
///
/// A handler is made anew for each attempt, in a process of its own that has a control group of its own: it
/// may allocate, start threads and trap as it likes. What it throws fails the job.
///
/// ```swift
/// struct Greet: Handler {
///   struct Parameters: Decodable { var who: String }
///
///   static let name = "greet"
///   static let summary = "Greets somebody"
/// static let schema: String? =
/// #"{"type":"object","required":["who"],"properties":{"who":{"type":"string"}}}"#
///
///   func run(_ parameters: Parameters, in context: Context) throws -> JobResult {
///     context.log("greeting", ["who": parameters.who])
///     return .text("Hello, \(parameters.who)!")
///   }
/// }
///
/// @c(millrace_plugin_describe)
/// public func describe() -> UnsafeRawPointer {
///   PluginExport.describe(name: "greet", version: "1.0.0", handlers: [Greet.self])
/// }
/// ```
public protocol Handler: SendableMetatype {
  /// What a job gives the handler, decoded from the JSON object of its parameters.
  associatedtype Parameters: Decodable = NoParameters

  /// The name by which jobs ask for it: 1 to 64 of `a-z 0-9 - _ .`, a letter first; unique on the machine.
  static var name: String { get }

  /// One line that says what it does.
  static var summary: String { get }

  /// JSON Schema (draft 2020-12) of the parameters, which the runner checks before it accepts a job and
  /// from which it fills in defaults; nil (as is the default) if none are taken.
  static var schema: String? { get }

  /// What its jobs may take if neither the submitter nor the operator says otherwise.
  static var limits: DefaultLimits { get }

  /// How long an attempt may run; nil (as is the default) for the runner's own default.
  static var timeout: Duration? { get }

  /// How often a failed job is tried again.
  static var retry: RetryPolicy { get }

  /// How many of its jobs may run at once; nil (as is the default) for no bound of its own.
  static var concurrency: Int? { get }

  /// Whether the failure of one of its jobs tells nothing of the next, as where each runs another program;
  /// else (as is the default) it is not tried for a while when it keeps failing.
  static var hasUnrelatedJobs: Bool { get }

  /// Makes a handler for one attempt.
  init()

  /// Does the job.
  ///
  /// - Parameters:
  ///   - parameters: what the submitter gave.
  ///   - context: the job, and the way to speak to Millrace.
  /// - Returns: the result, or ``JobResult/none``.
  /// - Throws: a ``JobFailure`` with a code that programs can read; any other error fails the job with the
  ///   code
  ///   `error` and may be tried again; `CancellationError` fails it as `cancelled`; a ``Snooze`` has it run
  ///   again later.
  func run(_ parameters: Parameters, in context: Context) throws -> JobResult
}

extension Handler {
  /// No parameters.
  public static var schema: String? { nil }

  /// The runner's own limits.
  public static var limits: DefaultLimits { DefaultLimits() }

  /// The runner's own default.
  public static var timeout: Duration? { nil }

  /// The runner's own default.
  public static var retry: RetryPolicy { RetryPolicy() }

  /// No bound of its own.
  public static var concurrency: Int? { nil }

  /// A handler that keeps failing is not tried for a while.
  public static var hasUnrelatedJobs: Bool { false }
}

/// The parameters of a handler that takes none.
public struct NoParameters: Decodable, Sendable {}

/// What a handler's jobs may take; nil leaves a limit to the runner.
public struct DefaultLimits: Hashable, Sendable {
  /// Memory of all processes of an attempt together, in bytes.
  public var memoryBytes: Int64?
  /// Thousandths of a processor: 500 is half of one.
  public var cpuMillis: Int64?
  /// Processes and threads.
  public var pids: Int64?

  /// Makes a set of limits.
  public init(memoryBytes: Int64? = nil, cpuMillis: Int64? = nil, pids: Int64? = nil) {
    self.memoryBytes = memoryBytes
    self.cpuMillis = cpuMillis
    self.pids = pids
  }
}

/// How often a failed job is tried again; nil leaves a figure to the runner.
public struct RetryPolicy: Hashable, Sendable {
  /// How many attempts a job has in all.
  public var attempts: Int?
  /// The wait before the second attempt; it doubles for each one after that.
  public var delay: Duration?

  /// Makes a policy.
  public init(attempts: Int? = nil, delay: Duration? = nil) {
    self.attempts = attempts
    self.delay = delay
  }
}
