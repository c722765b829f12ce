import MillraceClient
import MillraceCore
import MillraceEngine
import MillraceWire
import Testing
import TestSupport

@testable import MillraceHTTP

@Suite("The client and the server understand each other")
struct ClientAgainstServerTests {
  /// Calls by the real client, which blocks its thread.
  static func call<Value: Sendable>(
    _ server: TestServer, _ body: @escaping @Sendable (Client) throws -> Value
  ) async throws -> Value {
    let client = Client(socket: server.path)
    return try await withCheckedThrowingContinuation { continuation in
      Thread.start { continuation.resume(with: Result { try body(client) }) }
    }
  }

  @Test("jobs go there and back with everything that they have")
  func jobs() async throws {
    try await TestServer.with { server in
      var request = SubmitRequest(handler: "checksum")
      request.parameters = ["aB_c": .object(["dE": .number(1.5)])]
      request.labels = ["k_e": "ü=1"]
      request.jobClass = "nightly"
      let sent = request
      let view = try await Self.call(server) { try $0.submit(sent) }
      #expect(view.parameters == .object(["aB_c": .object(["dE": .number(1.5)])]))
      #expect(view.labels == ["k_e": "ü=1"])
      #expect(view.jobClass == "nightly")
      let ids = try await Self.call(server) { try $0.submit(BatchRequest(jobs: [sent, sent])).ids }
      #expect(ids == [JobID(2), JobID(3)])
      let page = try await Self.call(server) { client in
        var filter = JobFilter()
        filter.labels = ["a b": "ü&=+%"]
        filter.since = Timestamp(microseconds: 1_000_000)
        return try client.jobs(matching: filter)
      }
      #expect(page.jobs.count == 3)
      #expect(server.service.contents.jobFilters.last?.labels == ["a b": "ü&=+%"])
      #expect(server.service.contents.jobFilters.last?.since == Timestamp(microseconds: 1_000_000))
      #expect(try await Self.call(server) { try $0.cancel(JobID(3)) }.state == .cancelled)
      #expect(try await Self.call(server) { try $0.wait(for: JobID(1), atMost: .zero) }.state == .queued)
      #expect(try await Self.call(server) { try $0.job(JobID(1)) }.job == view)
    }
  }

  @Test("lines of JSON are accepted together, and once by their keys; a bad one is named by its place")
  func lines() async throws {
    try await TestServer.with { server in
      let lines = (1...1000).map { "{\"handler\":\"sleep\",\"key\":\"k:\($0)\"}\n" }.joined()
      let ids = (1...1000).map { JobID($0) }
      let first = try await Self.call(server) { try $0.submit(lines: [UInt8](lines.utf8)) }
      #expect(first.ids == ids && first.existing == nil)
      let again = try await Self.call(server) { try $0.submit(lines: [UInt8](lines.utf8)) }
      #expect(again.ids == ids && again.existing == ids)
      let bad = lines + "{\"handler\":\"sleep\",\"memory_bytes\":\"much\"}\n"
      let problem = await #expect(throws: Problem.self) {
        try await Self.call(server) { try $0.submit(lines: [UInt8](bad.utf8)) }
      }
      #expect(problem?.index == 1000)
      #expect(problem?.detail == "`memory_bytes` must be a whole number")
      #expect(server.service.contents.jobs.count == 1000)
    }
  }

  @Test("results, logs, the history and the handlers arrive whole")
  func records() async throws {
    let service = FakeJobService()
    var job = FakeJobService.job(JobID(1), JobRequest(handler: "a"), state: .succeeded)
    job.attempts = 1
    service.put(job)
    let log = [UInt8](repeating: UInt8(ascii: "x"), count: 200_000)
    service.change {
      $0.results[JobID(1)] = JobResult(mediaType: "image/png", bytes: [0, 1, 2])
      $0.logs[AttemptID(job: JobID(1), number: 1)] = log
    }
    try await TestServer.with(service) { server in
      let result = try await Self.call(server) { try $0.result(of: JobID(1)) }
      #expect(result == JobResult(mediaType: "image/png", bytes: [0, 1, 2]))
      let received = try await Self.call(server) { client in
        var bytes: [UInt8] = []
        try client.logs(of: JobID(1), attempt: nil, follow: false) { bytes += $0 }
        return bytes
      }
      #expect(received == log)
      #expect(try await Self.call(server) { try $0.history(matching: HistoryFilter()) }.attempts.isEmpty)
      #expect(try await Self.call(server) { try $0.summaries(matching: HistoryFilter()) }.isEmpty)
      #expect(try await Self.call(server) { try $0.handlers() }.plugins.isEmpty)
    }
  }

  @Test("schedules go there and back with everything that they have")
  func schedules() async throws {
    let service = FakeScheduleService()
    try await TestServer.with(schedules: service) { server in
      let definition = JSONValue.object([
        "name": .string("nightly"), "every": .string("1h"), "max_runs": .integer(3),
        "job": .object(["handler": .string("exec"), "parameters": .object(["aB_c": .number(1.5)])]),
      ])
      let view = try await Self.call(server) { try $0.add(schedule: definition) }
      #expect(view.definition == definition && view.next?.daylightSaving == nil)
      let edited = try await Self.call(server) { try $0.edit("nightly", to: definition, from: view.revision) }
      #expect(edited.definition == definition)
      let stale = await #expect(throws: Problem.self) {
        try await Self.call(server) { try $0.edit("nightly", to: definition, from: "old") }
      }
      #expect(stale?.kind == .changed)
      #expect(try await Self.call(server) { try $0.pause(schedule: "nightly", true) }.paused != nil)
      #expect(try await Self.call(server) { try $0.runNow("nightly") }.job == JobID(1))
      #expect(try await Self.call(server) { try $0.preview("nightly", count: 2) }.times.count == 2)
      let page = try await Self.call(server) { client in
        var filter = TickFilter(schedule: ScheduleID(0), limit: 1)
        (filter.fates, filter.before) = ([.manual], Sample.time(60))
        return try client.ticks(of: "nightly", matching: filter)
      }
      #expect(page.ticks.map(\.job) == [JobID(1)] && page.next != nil)
      let span = BackfillRequest(from: "2026-01-01 00:00", to: "2026-01-02")
      #expect(try await Self.call(server) { try $0.backfill("nightly", span) }.existing == 2)
      let detail = try await Self.call(server) { try $0.schedule("nightly") }
      #expect(detail.schedule.last?.fate == .manual && detail.tally.fates == ["manual": 1])
      #expect(try await Self.call(server) { try $0.schedules(after: nil, limit: 5) }.schedules.count == 1)
      try await Self.call(server) { try $0.remove(schedule: "nightly") }
      let unknown = await #expect(throws: Problem.self) {
        try await Self.call(server) { try $0.schedule("a/b ü") }
      }
      #expect(unknown?.kind == .notFound)
    }
  }

  @Test("a refusal arrives as the problem that it is")
  func refusal() async throws {
    try await TestServer.with { server in
      let refusal = Refusal(.queueFull, "the queue is full", hint: "try later", index: 0)
      server.service.change { $0.failure = refusal }
      let problem = await #expect(throws: Problem.self) {
        try await Self.call(server) { try $0.submit(SubmitRequest(handler: "a")) }
      }
      #expect(problem == Problem(refusal))
    }
  }
}
