import FoundationEssentials
import Logging
import MillraceCore
import MillraceEngine
import TestSupport
import Testing
import Tracing

@testable import MillraceTracing

@Suite("Spans of jobs in a file")
struct TraceWriterTests {
  /// A span as a reader of OTLP in JSON sees it.
  private struct Line: Decodable {
    struct Resource: Decodable { var attributes: [Attribute] }
    struct Group: Decodable {
      var resource: Resource
      var scopeSpans: [Scope]
    }
    struct Scope: Decodable { var spans: [SeenSpan] }
    var resourceSpans: [Group]
  }

  private struct Attribute: Decodable {
    struct Value: Decodable { var stringValue, intValue: String? }
    var key: String
    var value: Value
  }

  private struct SeenSpan: Decodable {
    struct Status: Decodable {
      var code: Int
      var message: String?
    }
    var traceId, spanId, name, startTimeUnixNano, endTimeUnixNano: String
    var parentSpanId: String?
    var kind: Int
    var attributes: [Attribute]
    var status: Status?

    subscript(_ key: String) -> String? {
      attributes.first { $0.key == key }.flatMap { $0.value.stringValue ?? $0.value.intValue }
    }
    var seconds: [Int64] {
      [startTimeUnixNano, endTimeUnixNano].map {
        (Int64($0) ?? 0) / 1_000_000_000 - Sample.time(0).rawValue / 1_000_000
      }
    }
  }

  private static func lines(in path: String) throws -> [Line] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
  }

  private static func spans(in path: String) throws -> [SeenSpan] {
    try lines(in: path).flatMap(\.resourceSpans).flatMap(\.scopeSpans).flatMap(\.spans)
  }

  /// Runs a writer over what `body` does to a store; returns the spans.
  private func spans(of body: (MemoryJobStore) async throws -> Void) async throws -> [SeenSpan] {
    let directory = try TemporaryDirectory()
    let store = MemoryJobStore()
    let path = directory.path + "/spans.jsonl"
    let writer = TraceWriter(
      following: store, history: store, settings: .init(file: path), version: "1",
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let task = Task { await writer.run() }
    try await body(store)
    while store.live.listenerCount == 0 { await Task.yield() }
    // What is committed before the end is written, whenever that comes.
    task.cancel()
    await task.value
    return FileManager.default.fileExists(atPath: path) ? try Self.spans(in: path) : []
  }

  private static func submission(in trace: String?) -> Submission {
    var submission = Sample.plain()
    submission.traceParent = trace
    submission.owner = "ada"
    return submission
  }

  /// A job from its submission at 0 to its end at 20.
  private static func life(
    of submission: Submission, _ outcome: Outcome, in store: MemoryJobStore
  ) async throws -> JobID {
    let id = try await store.submit([submission], at: Sample.time(0))[0]
    let attempt = Sample.attempt(id)
    try await store.commit([.starting(attempt)])
    try await store.commit([.running(attempt.id, at: Sample.time(13))])
    let state: JobState = outcome == .succeeded ? .succeeded : .failed
    try await store.commit([.ended(attempt.id, Sample.fullEnd(outcome), next: .done(state))])
    return id
  }

  @Test("a job has a span below its submitter's, and below it those of what each attempt went through")
  func success() async throws {
    let spans = try await spans { store in
      _ = try await Self.life(of: Self.submission(in: Sample.trace), .succeeded, in: store)
    }
    #expect(spans.map(\.name) == ["queue", "start", "run", "job"])
    #expect(spans.allSatisfy { $0.traceId == "0af7651916cd43dd8448eb211c80319c" })
    let job = try #require(spans.last)
    #expect(job.parentSpanId == "b7ad6b7169203331" && job.kind == 5 && job.status == nil)
    #expect(job["millrace.job.owner"] == "ada" && job["millrace.job.state"] == "succeeded")
    #expect(spans.dropLast().allSatisfy { $0.parentSpanId == job.spanId && $0["millrace.attempt"] == "1" })
    #expect(spans.map(\.seconds) == [[10, 11], [11, 13], [13, 20], [0, 20]])
    let run = spans[2]
    #expect(run["millrace.outcome"] == "succeeded" && run["millrace.memory.peak_bytes"] == "1")
    #expect(run["process.exit.code"] == "7")
    let trace = JobTrace(JobID(1), submitted: Sample.time(0), traceParent: Sample.trace)
    #expect(run.spanId == trace.span(of: .run, attempt: 1).span)
  }

  @Test("a failure is an error of the run and of the job; without a submitter's span it begins a trace")
  func failure() async throws {
    let spans = try await spans { store in
      _ = try await Self.life(of: Self.submission(in: nil), .oomOwnLimit, in: store)
    }
    #expect(spans.map(\.name) == ["queue", "start", "run", "job"])
    #expect(spans[3].parentSpanId == nil && spans[3].status?.code == 2)
    #expect(spans[2].status?.code == 2 && spans[2].status?.message == "oomOwnLimit")
    #expect(spans[1].status == nil)
  }

  @Test("an attempt that never ran has its error where it was started; what is not sampled has no spans")
  func others() async throws {
    let spans = try await spans { store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      try await store.commit([.starting(Sample.attempt(id))])
      let end = AttemptEnd(outcome: .lost, ended: Sample.time(15))
      try await store.commit([.ended(AttemptID(job: id, number: 1), end, next: .done(.failed))])
      let silent = Self.submission(in: Sample.trace.dropLast(2) + "00")
      _ = try await Self.life(of: silent, .succeeded, in: store)
      _ = try await store.submit([Sample.plain()], at: Sample.time(0))
    }
    #expect(spans.map(\.name) == ["queue", "start", "job"])
    #expect(spans[1].status?.message == "lost" && spans[1].seconds == [11, 15])
  }

  @Test("a file that is large enough is put aside, and nothing is lost by that")
  func putAside() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/s"
    let file = SpanFile(path: path, atMost: 10)
    for line in ["12345\n", "123\n", "12345678901234567890\n", "a\n", "b\n"] {
      try file.append(Array(line.utf8))
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "a\nb\n")
    #expect(try String(contentsOfFile: path + ".1", encoding: .utf8) == "12345678901234567890\n")
    let nowhere = SpanFile(path: directory.path + "/no/s", atMost: 10)
    #expect(throws: SpanFile.Failure.self) { try nowhere.append([10]) }
  }

  @Test("other programs' spans go through the same tracer")
  func tracer() throws {
    let tracer = FileTracer()
    let span = tracer.startSpan("other", ofKind: .server)
    span.attributes["flag"] = true
    span.recordError(SpanFile.Failure(path: "/x", code: 2), attributes: [:])
    span.end()
    span.end()
    let seen = tracer.takeEnded()
    #expect(seen.count == 1 && seen[0].kind == 2 && seen[0].events?.first?.name == "exception")
    #expect(seen[0].attributes.first?.value.boolValue == true && tracer.takeEnded().isEmpty)
  }
}
