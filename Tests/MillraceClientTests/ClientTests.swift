import FoundationEssentials
import Glibc
import MillraceCore
import MillraceWire
import Synchronization
import TestSupport
import Testing

@testable import MillraceClient

@Suite("Calls over a real socket")
struct ClientTests {
  private static let status = """
    {"version":"1","pid":7,"started":"2026-11-21T04:20:00.000Z","healthy":true,"draining":false,"queued":1,
    "scheduled":2,"running":3,"capacity":\(resources),"used":\(resources),"available":\(resources),
    "pressure":"none","pressure_cause":"there is none","machine":{},"notices":[]}
    """
  private static let resources = #"{"slots":4,"memory_bytes":5,"committed_bytes":6,"cpu_millis":7}"#
  private static let job = """
    {"id":42,"handler":"exec","state":"queued","priority":5,"labels":{},"parameters":{"snake_case":1},
    "submitted":"2026-11-21T04:20:00.000Z","attempts":0,"attempts_used":0,"max_attempts":1,
    "limits":{"memory_bytes":1,"cpu_millis":2,"pids":3,"io":[]},"timeout_seconds":60}
    """

  @Test("each call asks for its address and reads its shape")
  func calls() throws {
    let server = try ScriptedServer { request in
      switch request.target.prefix(while: { $0 != "?" }) {
      case "/v1/status": [.answer(200, Self.status)]
      case "/v1/jobs" where request.method == "GET": [.answer(200, "{\"jobs\":[\(Self.job)],\"next\":42}")]
      case "/v1/jobs/batch": [.answer(201, "{\"ids\":[1,2]}")]
      case "/v1/jobs/42": [.answer(200, "{\"job\":\(Self.job),\"attempts\":[],\"gates\":[]}")]
      case "/v1/history": [.answer(200, "{\"attempts\":[]}")]
      case "/v1/history/summary": [.answer(200, "[]")]
      case "/v1/handlers": [.answer(200, "{\"plugins\":[],\"refused\":[]}")]
      case "/v1/jobs/42/why": [.answer(200, "{\"job\":\(Self.job)}")]
      case "/v1/statistics":
        [.answer(200, #"{"handlers":[],"fates":{"ran":3},"figures":[],"window":200}"#)]
      case "/v1/handlers/exec/recommendation", "/v1/handlers/exec/recommendation/apply":
        [.answer(200, "{\"handler\":\"exec\",\"attempts\":1,\"least_attempts\":20}")]
      case "/v1/jobs/42/result": [.answer(200, "bytes", type: "image/png")]
      default: [.answer(201, Self.job)]
      }
    }
    let client = Client(socket: server.socket)
    var jobs = JobFilter()
    jobs.labels = ["a b": "ü&="]
    var history = HistoryFilter()
    history.handler = "exec"
    #expect(try client.status().capacity.slots == 4)
    #expect(
      try client.submit(SubmitRequest(handler: "exec")).parameters == .object(["snake_case": .integer(1)]))
    #expect(try client.submit(BatchRequest(jobs: [])).ids == [JobID(1), JobID(2)])
    #expect(try client.jobs(matching: jobs).next == JobID(42))
    #expect(try client.job(JobID(42)).job.id == JobID(42))
    #expect(try client.cancel(JobID(42)).state == .queued)
    #expect(try client.wait(for: JobID(42), atMost: .milliseconds(1500)).id == JobID(42))
    #expect(try client.wait(for: JobID(42), atMost: .seconds(600)).id == JobID(42))
    #expect(try client.history(matching: history).attempts.isEmpty)
    #expect(try client.summaries(matching: history).isEmpty)
    #expect(try client.handlers().plugins.isEmpty)
    #expect(try client.reprioritise(JobID(42), to: 9).id == JobID(42))
    #expect(try client.why(JobID(42)).job.id == JobID(42))
    #expect(try client.statistics(of: "exec").fates == ["ran": 3])
    #expect(try client.statistics(of: nil).window == 200)
    #expect(try client.recommendation(for: "exec").leastAttempts == 20)
    #expect(try client.applyRecommendation(for: "exec").attempts == 1)
    let result = try client.result(of: JobID(42))
    #expect(result == JobResult(mediaType: "image/png", bytes: [UInt8]("bytes".utf8)))
    #expect(
      server.requests.map { "\($0.method) \($0.target)" } == [
        "GET /v1/status", "POST /v1/jobs", "POST /v1/jobs/batch",
        "GET /v1/jobs?label=a%20b%3D%C3%BC%26%3D&limit=100", "GET /v1/jobs/42", "POST /v1/jobs/42/cancel",
        "GET /v1/jobs/42/wait?timeout=1.5", "GET /v1/jobs/42/wait?timeout=60",
        "GET /v1/history?handler=exec&sort=time&limit=100",
        "GET /v1/history/summary?handler=exec&sort=time&limit=100", "GET /v1/handlers",
        "POST /v1/jobs/42/reprioritise", "GET /v1/jobs/42/why",
        "GET /v1/statistics?handler=exec", "GET /v1/statistics", "GET /v1/handlers/exec/recommendation",
        "POST /v1/handlers/exec/recommendation/apply",
        "GET /v1/jobs/42/result",
      ])
    #expect(server.requests[1].body == "{\"handler\":\"exec\"}")
  }

  @Test("a log is handed on while it grows")
  func follow() throws {
    let gate = Gate()
    let server = try ScriptedServer { _ in
      [
        .send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n"),
        .wait(gate), .send("4\r\ntwo\n\r\n0\r\n\r\n"),
      ]
    }
    var parts: [String] = []
    try Client(socket: server.socket).logs(of: JobID(42), attempt: 3, follow: true) {
      if parts.isEmpty { gate.open() }
      parts.append(String(decoding: $0, as: UTF8.self))
    }
    #expect(parts == ["one\n", "two\n"])
    #expect(server.requests.map(\.target) == ["/v1/jobs/42/logs?attempt=3&follow=true"])
  }

  @Test("a no comes as the problem that it is")
  func problem() throws {
    let server = try ScriptedServer { _ in
      [.problem(503, kind: "queueFull", "the queue is full", hint: "try later")]
    }
    let problem = #expect(throws: Problem.self) {
      try Client(socket: server.socket).submit(SubmitRequest(handler: "exec"))
    }
    #expect(problem?.kind == .queueFull)
    #expect(problem?.detail == "the queue is full")
    #expect(problem?.hint == "try later")
  }

  @Test(
    "an error without a problem body is told by its status",
    arguments: [
      ("text/html", "<p>no"), ("application/problem+json", "{\"type\":"), ("application/json", "{}"),
    ])
  func otherError(type: String, body: String) throws {
    let server = try ScriptedServer { _ in [.answer(502, body, type: type)] }
    let problem = #expect(throws: Problem.self) { try Client(socket: server.socket).status() }
    #expect(problem?.status == 502)
    #expect(problem?.kind == nil)
  }

  @Test(
    "an answer that is no such JSON is malformed, and says where",
    arguments: [("{", "valid JSON"), ("{\"version\":\"1\"}", "missing"), ("{\"version\":1}", "version")])
  func badJSON(body: String, word: String) throws {
    let server = try ScriptedServer { _ in [.answer(200, body)] }
    let error = #expect(throws: ClientError.self) { try Client(socket: server.socket).status() }
    #expect("\(String(describing: error))".contains(word))
  }

  @Test("a runner that closes at once has closed early")
  func closesAtOnce() throws {
    let server = try ScriptedServer { _ in [] }
    #expect(throws: ClientError.closedEarly(call: "GET /v1/status")) {
      try Client(socket: server.socket).status()
    }
  }

  @Test("a runner that is silent is given up")
  func silent() throws {
    let server = try ScriptedServer { _ in [.awaitClose] }
    var client = Client(socket: server.socket)
    client.patience = .milliseconds(50)
    #expect(throws: ClientError.timedOut(call: "GET /v1/status", after: .milliseconds(50))) {
      try client.status()
    }
  }

  @Test("an endless body of an error is given up at its bound")
  func endlessError() throws {
    let server = try ScriptedServer { _ in
      let block = String(repeating: "x", count: 1 << 20)
      return [.send("HTTP/1.1 500 X\r\n\r\n"), .send(block), .send(block), .awaitClose]
    }
    #expect(throws: ClientError.tooLarge(call: "GET /v1/status", limit: .mebibytes(1))) {
      try Client(socket: server.socket).status()
    }
  }

  @Test("no socket, no listener and a path too long are an unreachable runner")
  func unreachable() throws {
    let directory = try TemporaryDirectory()
    let missing = directory.path + "/none"
    #expect(throws: ClientError.unreachable(socket: missing, reason: "No such file or directory")) {
      try Client(socket: missing).status()
    }
    let long = "/" + String(repeating: "x", count: 108)
    #expect(throws: ClientError.unreachable(socket: long, reason: "the path is longer than 107 bytes")) {
      try Client(socket: long).status()
    }
    let path: String
    do { path = try ScriptedServer { _ in [] }.socket }
    #expect(throws: ClientError.self) { try Client(socket: path).status() }
  }

  @Test("an interruption is handled while a call waits, and the call goes on")
  func interruption() throws {
    let gate = Gate()
    let server = try ScriptedServer { _ in [.wait(gate), .answer(200, Self.status)] }
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    let (reading, writing) = (ends[0], ends[1])
    defer {
      close(reading)
      close(writing)
    }
    var client = Client(socket: server.socket)
    client.interruption = Interruption(descriptor: reading) {
      var byte: UInt8 = 0
      read(reading, &byte, 1)
      gate.open()
    }
    write(writing, "x", 1)
    #expect(try client.status().capacity.slots == 4)
    withExtendedLifetime(server) {}  // Or it could go in the middle of the call.
  }
}
