import CMillrace
import FoundationEssentials
import MillracePlugin
import PluginRecording
import Synchronization
import Testing

/// Says what it was given.
private struct Echo: Handler {
  struct Parameters: Decodable {
    var text: String
    var sizes: [Int]?
  }

  static let name = "echo"
  static let summary = "Says what it was given"
  static let schema: String? = #"{"type":"object"}"#
  static let limits = DefaultLimits(memoryBytes: 1 << 20, pids: 8)
  static let timeout: Duration? = .seconds(2.5)
  static let retry = RetryPolicy(attempts: 3, delay: .milliseconds(10))
  static let concurrency: Int? = 4

  func run(_ parameters: Parameters, in context: Context) throws -> JobResult {
    context.log(
      "heard", ["text": parameters.text, "job": "\(context.jobID).\(context.attempt)"], level: .notice)
    context.progress(0.5, "half way")
    context.progress(1)
    let deadline = context.deadline.map { "\($0.timeIntervalSince1970)" } ?? "never"
    return .text(
      [
        context.handler, String(decoding: context.input, as: UTF8.self), context.workDirectory,
        context.traceParent ?? "none", deadline,
      ].joined(separator: " "))
  }
}

/// Throws what its parameter names.
private struct Thrower: Handler {
  struct Parameters: Decodable { var what: String }
  struct Odd: Error { var number = 7 }

  static let name = "thrower"
  static let summary = "Throws"

  func run(_ parameters: Parameters, in context: Context) throws -> JobResult {
    switch parameters.what {
    case "failure": throw JobFailure("no_paper", "the tray is empty", isRetryable: false)
    case "cancelled": try context.checkCancellation()
    default: throw Odd()
    }
    return .none
  }
}

/// Adds what other jobs made to what an earlier attempt saved, saves that, and asks for more time.
private struct Gatherer: Handler {
  static let name = "gatherer"
  static let summary = "Gathers"

  func run(_ parameters: NoParameters, in context: Context) throws -> JobResult {
    let before = context.savedCheckpoint ?? Array("nothing".utf8)
    let others = context.outputs.flatMap { Array(" \($0.name) of \($0.job): ".utf8) + $0.bytes }
    guard context.checkpoint(before + others) else { return .none }
    try context.snooze(for: .seconds(2), because: "there may be more")
  }
}

/// Takes nothing and makes nothing.
private struct Idle: Handler {
  static let name = "idle"
  static let summary = "Does nothing"

  func run(_ parameters: NoParameters, in context: Context) {}
}

/// Waits for others, and makes a value.
private struct Census: Handler {
  struct Parameters: Decodable { var towns: [String: Int], since: Date }
  struct Result: Encodable { var people: Int, since: Double }

  static let name = "census"
  static let summary = "Counts people"

  func run(_ parameters: Parameters, in context: Context) async throws -> Result {
    let people = try await withThrowingTaskGroup(of: Int.self) { group in
      for count in parameters.towns.values {
        group.addTask {
          try await Task.sleep(for: .microseconds(1))
          return count
        }
      }
      return try await group.reduce(0, +)
    }
    return Result(people: people, since: parameters.since.timeIntervalSince1970)
  }
}

/// Makes a text, unless its job is to stop.
private struct Greeter: AffinityHandler {
  static let name = "greeter"
  static let summary = "Greets"
  static let greeting = Mutex("")

  static func prepare(_ key: String) throws {
    guard key != "nobody" else { throw JobFailure("nobody", "nobody is to be greeted") }
    greeting.withLock { $0 = "hello, \(key)" }
  }

  func run(_ parameters: NoParameters, in context: Context) async throws -> String {
    // Ends at once where the task is cancelled.
    try await Task.sleep(for: context.isCancelled ? .seconds(3600) : .zero)
    return "\(Self.greeting.withLock { $0 }) by \(context.affinity ?? "no key")"
  }
}

@Suite("Handlers in Swift")
struct SwiftHandlerTests {
  private let plugin = PluginExport.describe(
    Echo.self, Thrower.self, Idle.self, Gatherer.self, Census.self, Greeter.self, name: "tests",
    version: "1.2.3"
  ).assumingMemoryBound(to: millrace_plugin.self).pointee

  private func handler(_ name: String) throws -> millrace_handler {
    let handlers = UnsafeBufferPointer(start: plugin.handlers, count: plugin.handler_count)
    return try #require(handlers.first { String(cString: $0.name) == name })
  }

  /// Runs a handler in this process; returns what it said.
  private func events(
    _ name: String, _ parameters: String?, deadline: Int64 = 0, isCancelled: Bool = false,
    past: (inout millrace_job) -> Void = { _ in }
  ) throws -> [PluginEvent] {
    let handler = try handler(name)
    let run = try #require(handler.run)
    let events = Mutex<[PluginEvent]>([])
    let recorder = Recorder(
      isCancelled: { isCancelled }, hear: { event in events.withLock { $0.append(event) } })
    let input = Array("input".utf8)
    input.withUnsafeBufferPointer { input in
      (parameters ?? "").withCString { text in
        "/work-directory".withCString { directory in
          var job = millrace_job()
          job.id = 42
          job.attempt = 2
          job.handler = handler.name
          job.parameters = parameters == nil ? nil : text
          job.parameters_length = parameters?.utf8.count ?? 0
          job.input = input.baseAddress
          job.input_length = input.count
          job.deadline_ms = deadline
          job.work_directory = directory
          past(&job)
          recorder.run(run, job: job)
        }
      }
    }
    return events.withLock { $0 }
  }

  @Test("The description is made once and holds what the handlers declare")
  func description() throws {
    let again = PluginExport.describe(name: "tests", version: "1.2.3")
    #expect(again.assumingMemoryBound(to: millrace_plugin.self).pointee.handlers == plugin.handlers)
    #expect(plugin.size == MemoryLayout<millrace_plugin>.size)
    #expect(plugin.abi == UInt32(MILLRACE_ABI))
    #expect(String(cString: plugin.version) == "1.2.3")
    let echo = try handler("echo")
    #expect(echo.size == MemoryLayout<millrace_handler>.size)
    #expect(String(cString: echo.summary) == "Says what it was given")
    #expect(echo.limits.pointee.size == MemoryLayout<millrace_limits>.size)
    #expect(echo.limits.pointee.memory_bytes == 1 << 20)
    #expect(echo.limits.pointee.cpu_millis == 0)
    #expect(echo.limits.pointee.pids == 8)
    #expect(echo.timeout_ms == 2500)
    #expect(echo.max_attempts == 3)
    #expect(echo.retry_delay_ms == 10)
    #expect(echo.concurrency == 4)
    #expect(String(cString: echo.parameter_schema) == #"{"type":"object"}"#)
    #expect(try handler("idle").parameter_schema == nil)
    #expect(plugin.refusal == nil)
    #expect(try handler("idle").timeout_ms == 0)
  }

  @Test("A handler sees its job, and is heard")
  func echo() throws {
    let result = Array("echo input /work-directory none 1.5".utf8)
    #expect(
      try events("echo", #"{"text":"hä"}"#, deadline: 1500) == [
        .log(level: 3, message: "heard", fields: [["text", "hä"], ["job", "42.2"]]),
        .progress(fraction: 0.5, message: "half way"), .progress(fraction: 1, message: nil),
        .result(bytes: Data(result), mediaType: "text/plain; charset=utf-8"), .returned(0),
      ])
  }

  @Test("A handler sees what was saved and what other jobs made, saves, and snoozes")
  func gather() throws {
    #expect(
      try events("gatherer", nil) == [
        .checkpoint(bytes: Data("nothing".utf8)),
        .snooze(milliseconds: 2000, reason: "there may be more"), .returned(2),
      ])
    let saved = Array("saved".utf8)
    let made = Array("made".utf8)
    let events = try saved.withUnsafeBufferPointer { saved in
      try made.withUnsafeBufferPointer { made in
        try "extract".withCString { name in
          try "text/plain".withCString { type in
            let output = millrace_output(
              size: MemoryLayout<millrace_output>.size, job: 7, name: name, bytes: made.baseAddress,
              length: made.count, media_type: type)
            return try withUnsafePointer(to: output) { output in
              try self.events("gatherer", nil) { job in
                job.checkpoint = saved.baseAddress
                job.checkpoint_length = saved.count
                job.outputs = output
                job.output_count = 1
              }
            }
          }
        }
      }
    }
    #expect(events.first == .checkpoint(bytes: Data("saved extract of 7: made".utf8)))
  }

  @Test("A handler without parameters takes any object, or none", arguments: [nil, "{}", #"{"x":1}"#])
  func idle(_ parameters: String?) throws {
    #expect(try events("idle", parameters) == [.returned(0)])
  }

  @Test("A handler may wait for tasks of its own, and what it returns becomes JSON")
  func census() throws {
    let parameters = #"{"towns":{"Wells":12000,"Ely":20000},"since":"1970-01-01T00:01:00Z"}"#
    let result = Data(#"{"people":32000,"since":60}"#.utf8)
    #expect(
      try events("census", parameters) == [
        .result(bytes: result, mediaType: "application/json"), .returned(0),
      ])
  }

  @Test("A text becomes plain text, and a job sees its affinity key")
  func greeter() throws {
    let prepare = try #require(try handler("greeter").prepare)
    #expect(plugin.flags == UInt32(MILLRACE_WARM))
    let warmUp = try #require(plugin.warm_up)
    #expect(warmUp() == 0)
    #expect(prepare("you") == 0)
    #expect(prepare("nobody") == 1)
    let said = try "key".withCString { key in try self.events("greeter", nil) { $0.affinity = key } }
    let result = Data("hello, you by key".utf8)
    #expect(said == [.result(bytes: result, mediaType: "text/plain; charset=utf-8"), .returned(0)])
    #expect(try handler("echo").prepare == nil)
  }

  @Test("The task of a job that is to stop is cancelled")
  func cancelled() throws {
    #expect(
      try events("greeter", nil, isCancelled: true) == [
        .failure(code: "cancelled", message: "the job was asked to stop", isRetryable: true), .returned(1),
      ])
  }

  @Test("What a handler throws fails the job")
  func thrown() throws {
    #expect(
      try events("thrower", #"{"what":"failure"}"#) == [
        .failure(code: "no_paper", message: "the tray is empty", isRetryable: false), .returned(1),
      ])
    #expect(
      try events("thrower", #"{"what":"odd"}"#) == [
        .failure(code: "error", message: "Odd(number: 7)", isRetryable: true), .returned(1),
      ])
    #expect(
      try events("thrower", #"{"what":"cancelled"}"#, isCancelled: true) == [
        .failure(code: "cancelled", message: "the job was asked to stop", isRetryable: true), .returned(1),
      ])
    #expect(try events("thrower", #"{"what":"cancelled"}"#) == [.returned(0)])
  }

  @Test(
    "Parameters that can't be decoded are named",
    arguments: [
      ("{}", "`text` is missing"), (#"{"text":1}"#, "`text`: "),
      (#"{"text":"","sizes":[1,"x"]}"#, "`sizes.1`: "),
      ("{", "the parameters: "), ("[]", "the parameters: "),
    ])
  func wrongParameters(_ parameters: String, _ beginning: String) throws {
    let events = try events("echo", parameters)
    guard case .failure("invalid_parameters", let message, false) = events.first else {
      Issue.record("\(events)")
      return
    }
    #expect(message.hasPrefix(beginning), "\(message)")
    #expect(events.last == .returned(1))
  }

  @Test("A JSON result has sorted keys")
  func json() throws {
    let result = try JobResult.json(["b": "x/y", "a": "z"])
    #expect(result == .bytes(#"{"a":"z","b":"x/y"}"#.utf8, mediaType: "application/json"))
    #expect(JobResult.bytes([]) != .none)
  }
}
