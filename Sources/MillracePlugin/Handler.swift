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
///   static let notes: [String: ParameterNote] = ["who": "whom to greet"]
///
///   func run(_ parameters: Parameters, in context: Context) async throws -> String {
///     context.log("greeting", ["who": parameters.who])
///     return "Hello, \(parameters.who)!"
///   }
/// }
///
/// @c(millrace_plugin_describe)
/// public func describe() -> UnsafeRawPointer { PluginExport.describe(Greet.self, version: "1.0.0") }
/// ```
///
/// The handler runs in a `Task`, which is cancelled when the job is asked to stop. The main thread waits for
/// it: nothing may need the main actor.
public protocol Handler: SendableMetatype {
  /// What a job gives the handler, decoded from the JSON object of its parameters.
  ///
  /// Dates are texts as in ISO 8601.
  associatedtype Parameters: Decodable = NoParameters

  /// What a job makes: a ``JobResult``, a text, any other `Encodable` value, which becomes JSON, or `Void`.
  associatedtype Result = JobResult

  /// The name by which jobs ask for it: 1 to 64 of `a-z 0-9 - _ .`, a letter first; unique on the machine.
  static var name: String { get }

  /// One line that says what it does.
  static var summary: String { get }

  /// JSON Schema (draft 2020-12) of the parameters, which the runner checks before it accepts a job and
  /// from which it fills in defaults; nil if none are taken.
  ///
  /// It is derived from the type ``Parameters`` and from ``notes`` if it is not written by hand: what a
  /// synthesized conformance to `Decodable` asks for, with lists, dictionaries, nested types and
  /// enumerations that are `CaseIterable`; unknown names are refused. A type whose own `init(from:)` decides
  /// by what it finds needs a schema written by hand.
  /// - Throws: why it can't be derived.
  static var schema: String? { get throws }

  /// What the derived schema should say of parameters beyond their types, by name; `size.width` for one in
  /// another, also in those of a list.
  static var notes: [String: ParameterNote] { get }

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
  /// - Returns: what it has made.
  /// - Throws: a ``JobFailure`` with a code that programs can read; any other error fails the job with the
  ///   code `error` and may be tried again; `CancellationError` fails it as `cancelled`; a ``Snooze`` has it
  ///   run again later.
  func run(_ parameters: Parameters, in context: Context) async throws -> Result

  /// Makes bytes of what ``run(_:in:)`` returned; there is one for each kind of ``Result``.
  static func jobResult(of result: Result) throws -> JobResult
}

extension Handler {
  /// Derived from the type of the parameters.
  public static var schema: String? {
    get throws { try DerivedSchema.text(of: Parameters.self, notes: notes) }
  }

  /// No more than the types say.
  public static var notes: [String: ParameterNote] { [:] }

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

extension Handler where Result == JobResult {
  /// The result as it is.
  public static func jobResult(of result: JobResult) -> JobResult { result }
}

extension Handler where Result == Void {
  /// No result.
  public static func jobResult(of result: Void) -> JobResult { .none }
}

extension Handler where Result == String {
  /// Plain text.
  public static func jobResult(of result: String) -> JobResult { .text(result) }
}

extension Handler where Result: Encodable {
  /// JSON with sorted keys.
  public static func jobResult(of result: Result) throws -> JobResult { try .json(result) }
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
