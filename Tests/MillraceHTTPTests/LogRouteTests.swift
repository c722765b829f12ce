import MillraceCore
import MillraceEngine
import MillraceWire
import Testing
import TestSupport

@testable import MillraceHTTP

@Suite("The routes of logs")
struct LogRouteTests {
  private static let attempt = AttemptID(job: JobID(1), number: 2)

  /// A service with a running second attempt at job 1, which has written `head`.
  private static func service(head: String = "start\n") -> FakeJobService {
    let service = FakeJobService()
    var job = FakeJobService.job(JobID(1), JobRequest(handler: "a"), state: .running)
    job.attempts = 2
    service.put(job)
    service.change {
      $0.logs[attempt] = Array(head.utf8)
      $0.logs[AttemptID(job: JobID(1), number: 1)] = Array("first\n".utf8)
    }
    return service
  }

  @Test("the newest attempt's log is shown, or that of the attempt that is asked for")
  func choice() async throws {
    try await TestServer.with(Self.service()) { server in
      let newest = try await server.request("GET", "/v1/jobs/1/logs")
      #expect(newest.headers["content-type"] == "text/plain; charset=utf-8")
      #expect(newest.text == "start\n")
      #expect(try await server.request("GET", "/v1/jobs/1/logs?attempt=1&follow=false").text == "first\n")
      #expect(try await server.request("GET", "/v1/jobs/1/logs?attempt=3").status == 404)
      #expect(try await server.request("GET", "/v1/jobs/1/logs?attempt=0").status == 422)
    }
  }

  @Test("a log that is larger than a piece comes whole, and an empty one is empty")
  func sizes() async throws {
    let text = String(repeating: "0123456789abcde\n", count: 20_000)
    for text in [text, ""] {
      try await TestServer.with(Self.service(head: text)) { server in
        let reply = try await server.request("GET", "/v1/jobs/1/logs")
        #expect(reply.text == text)
      }
    }
  }

  @Test("a job with no attempt, and an attempt with no log, are told apart")
  func missing() async throws {
    try await TestServer.with(Self.service()) { server in
      server.service.put(FakeJobService.job(JobID(2), JobRequest(handler: "a")))
      server.service.change { $0.logs = [:] }
      for follow in ["true", "false"] {
        let none = try await server.request("GET", "/v1/jobs/2/logs?follow=\(follow)")
        #expect(try none.decoded(Problem.self).detail == "job 2 is queued: there was no attempt yet")
        let gone = try await server.request("GET", "/v1/jobs/1/logs?follow=\(follow)")
        #expect(try gone.decoded(Problem.self).detail == "attempt 1.2 has no log")
      }
    }
  }

  @Test("a followed log comes piece by piece and ends with its attempt")
  func follow() async throws {
    try await TestServer.with(Self.service()) { server in
      let client = try SocketClient(path: server.path)
      try await client.send(TestServer.text(of: "GET", "/v1/jobs/1/logs?follow=true"))
      #expect(try await client.head().status == 200)
      #expect(try await client.chunk() == Array("start\n".utf8))
      server.service.send(Array("more\n".utf8), to: Self.attempt)
      #expect(try await client.chunk() == Array("more\n".utf8))
      server.service.endLog(of: Self.attempt)
      #expect(try await client.chunk() == nil)
      #expect(try await client.isClosedByServer())
    }
  }

  @Test("a followed log comes as server-sent events to who wants it so, and goes on behind an offset")
  func events() async throws {
    try await TestServer.with(Self.service(head: "grü")) { server in
      func follow(after offset: String? = nil) async throws -> SocketClient {
        let client = try SocketClient(path: server.path)
        let headers = ["Accept: text/event-stream"] + (offset.map { ["Last-Event-ID: \($0)"] } ?? [])
        try await client.send(TestServer.text(of: "GET", "/v1/jobs/1/logs?follow=true", headers: headers))
        #expect(try await client.head().headers["content-type"] == "text/event-stream")
        #expect(try await client.chunk() == Array("retry: 2000\n\n".utf8))
        return client
      }
      func text(_ client: SocketClient) async throws -> String? {
        try await client.chunk().map { String(decoding: $0, as: UTF8.self) }
      }
      let client = try await follow()
      #expect(try await text(client) == "id: 4\ndata: {\"offset\":0,\"text\":\"grü\"}\n\n")
      // A character whose bytes come one after the other, a line break, and a byte that is no text.
      for bytes: [UInt8] in [[0xC3], [0x9F, 0x0A], [0xFF]] { server.service.send(bytes, to: Self.attempt) }
      #expect(try await text(client) == "id: 7\ndata: {\"offset\":4,\"text\":\"ß\\n\"}\n\n")
      server.service.endLog(of: Self.attempt)
      #expect(try await text(client) == "id: 8\ndata: {\"offset\":7,\"text\":\"\u{fffd}\"}\n\n")
      #expect(try await text(client) == "id: 8\nevent: end\ndata: {}\n\n")
      #expect(try await text(client) == nil)
      let later = try await follow(after: "2")
      #expect(try await text(later)?.hasPrefix("id: 4\ndata: {\"offset\":2,") == true)
    }
  }

  @Test("a follower who goes away is let go at once")
  func disconnect() async throws {
    try await TestServer.with(Self.service()) { server in
      var events = server.service.events.makeAsyncIterator()
      let client = try SocketClient(path: server.path)
      try await client.send(TestServer.text(of: "GET", "/v1/jobs/1/logs?follow=true"))
      #expect(await events.next() == .following(Self.attempt))
      #expect(try await client.head().status == 200)
      client.goAway()
      #expect(await events.next() == .followEnded(Self.attempt))
      #expect(server.log.all.isEmpty)
    }
  }
}
