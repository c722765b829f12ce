import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceSocket
import MillraceWire
import Testing
import TestSupport

@testable import MillraceHTTP

@Suite("The server and its socket")
struct ServerTests {
  private static let job = FakeJobService.job(JobID(1), JobRequest(handler: "a"), state: .running)

  @Test("the socket has its mode from the start, its directory is made, and both names are gone at the end")
  func socketFile() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a/b/m.sock"
    let before = umask(0)
    defer { umask(before) }
    for mode: UInt32 in [0o600, 0o660] {
      try await TestServer.with(configure: {
        $0.socketPath = path
        $0.socketMode = mode
      }) { _ in
        #expect(FileMode.of(path) == S_IFSOCK | mode)
        #expect(FileMode.of(directory.path + "/a/b").map { $0 & 0o777 } == 0o755)
        #expect(FileMode.of("\(directory.path)/a/b/.s\(getpid())") == nil)
      }
      #expect(FileMode.of(path) == nil)
    }
  }

  @Test("a dead socket is replaced; a live one, a file and a path that is too long are refused")
  func place() async throws {
    let directory = try TemporaryDirectory()
    let dead = SocketFile(path: directory.path + "/dead", mode: 0o600)
    #expect(mknod(dead.path, S_IFSOCK | 0o600, 0) == 0)
    try dead.prepare()
    let file = directory.path + "/file"
    close(open(file, O_CREAT | O_WRONLY, 0o600))
    #expect(throws: SocketFileError.self) { try SocketFile(path: file, mode: 0o600).prepare() }
    let long = directory.path + "/" + String(repeating: "x", count: 108)
    let error = #expect(throws: SocketFileError.self) { try SocketFile(path: long, mode: 0o600).prepare() }
    #expect(error?.reason == .pathTooLong)
    try await TestServer.with { server in
      let second = APIServer(
        serving: server.service, configuration: .init(socketPath: server.path),
        logger: Logger(label: "second") { _ in server.log.handler })
      let error = await #expect(throws: SocketFileError.self) { try await second.run() }
      #expect(error?.reason == .inUse)
      let reply = try await server.request("GET", "/v1/jobs/1")
      #expect(reply.status == 404)
    }
  }

  @Test("a socket that can't be made is an error with the kernel's words and a hint")
  func noPlace() async throws {
    let configuration = APIServer.Configuration(socketPath: "/proc/nowhere/m.sock")
    let server = APIServer(
      serving: FakeJobService(), configuration: configuration, logger: Logger(label: "test"))
    let error = await #expect(throws: SocketFileError.self) { try await server.run() }
    #expect(error?.description.contains("cannot make the directory `/proc/nowhere`: No such file") == true)
    #expect(error?.description.contains("\n\nhint: ") == true)
  }

  @Test(
    "what is no HTTP is answered with 400 and the connection is closed",
    arguments: [
      "NONSENSE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /v1/status HTTP/1.1\r\nno colon\r\n\r\n",
      "\u{0}\u{1}\u{2}\r\n\r\n",
      "POST /v1/jobs HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
  func malformed(text: String) async throws {
    try await TestServer.with { server in
      let client = try SocketClient(path: server.path)
      try await client.send(text)
      #expect(try await client.head().status == 400)
      #expect(try await client.isClosedByServer())
      #expect(server.service.contents.submitted.isEmpty)
    }
  }

  @Test("a huge header is refused")
  func hugeHeader() async throws {
    try await TestServer.with { server in
      let client = try SocketClient(path: server.path)
      let header = "X-Big: " + String(repeating: "x", count: 90 << 10)
      try await client.send(TestServer.text(of: "GET", "/v1/status", headers: [header]))
      #expect(try await client.head().status == 400)
    }
  }

  @Test("a body over the bound is refused, whether its length is announced or not")
  func hugeBody() async throws {
    try await TestServer.with(configure: {
      $0.maxInput = .zero; $0.maxBatch = .mebibytes(1)
    }) { server in
      let text = #"{"handler": "\#(String(repeating: "x", count: 1 << 20))"}"#
      for target in ["/v1/jobs", "/v1/jobs/batch"] {
        let announced = try await server.request("POST", target, body: text)
        #expect(announced.status == 413)
        #expect(try announced.decoded(Problem.self).kind == .tooLarge)
        for type in ["application/json"] + (target.hasSuffix("batch") ? ["application/jsonl"] : []) {
          let client = try SocketClient(path: server.path)
          let head = ["Transfer-Encoding: chunked", "Content-Type: \(type)"]
          try await client.send(TestServer.text(of: "POST", target, headers: head))
          try await client.send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n0\r\n\r\n")
          #expect(try await client.reply().status == 413)
        }
      }
      #expect(server.service.contents.submitted.isEmpty)
    }
  }

  @Test("a batch that breaks off is not accepted, however it is sent")
  func cutBatch() async throws {
    try await TestServer.with { server in
      let line = "{\"handler\":\"a\"}\n"
      for framing in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let client = try SocketClient(path: server.path)
        try await client.send(
          TestServer.text(
            of: "POST", "/v1/jobs/batch", headers: [framing, "Content-Type: application/jsonl"]))
        try await client.send(framing.hasPrefix("T") ? "10\r\n\(line)\r\n" : line)
        client.stopSending()
        _ = try await client.isClosedByServer()
      }
      #expect(server.service.contents.submitted.isEmpty)
    }
  }

  @Test("one connection serves one request after the other")
  func keepAlive() async throws {
    try await TestServer.with { server in
      server.service.put(Self.job)
      let client = try SocketClient(path: server.path)
      for status in [200, 404, 200] {
        try await client.send(TestServer.text(of: "GET", status == 200 ? "/v1/jobs/1" : "/v1/jobs/9"))
        #expect(try await client.reply().status == status)
      }
      let both = TestServer.text(of: "GET", "/v1/jobs/1") + TestServer.text(of: "GET", "/v1/jobs/9")
      try await client.send(both)
      #expect(try await client.reply().status == 200)
      #expect(try await client.reply().status == 404)
    }
  }

  @Test("a client that sends too slowly is cut, in the head and in the body")
  func slowClients() async throws {
    try await TestServer.with(configure: { $0.idleTimeout = .milliseconds(100) }) { server in
      for text in ["GET /v1/sta", "POST /v1/jobs HTTP/1.1\r\nHost: m\r\nContent-Length: 50\r\n\r\n{", ""] {
        let client = try SocketClient(path: server.path)
        try await client.send(text)
        #expect(try await client.isClosedByServer())
      }
    }
  }

  // In the next two no connection would be cut for an hour: what ends them is the stop itself.

  @Test(
    "a stop ends open waits with the job as it is, and followed logs, at once", .timeLimit(.minutes(1)))
  func stopWithLongRequests() async throws {
    let service = FakeJobService()
    var job = Self.job
    job.attempts = 1
    service.put(job)
    let attempt = AttemptID(job: JobID(1), number: 1)
    service.change { $0.logs[attempt] = [] }
    try await TestServer.with(service, configure: { $0.stopGrace = .seconds(3600) }) { server in
      var events = service.events.makeAsyncIterator()
      let follower = try SocketClient(path: server.path)
      try await follower.send(TestServer.text(of: "GET", "/v1/jobs/1/logs?follow=true"))
      #expect(await events.next() == .following(attempt))
      let waiter = try SocketClient(path: server.path)
      try await waiter.send(TestServer.text(of: "GET", "/v1/jobs/1/wait?timeout=60"))
      #expect(await events.next() == .waiting(JobID(1), atMost: .seconds(60)))
      await server.stop()
      #expect(try await waiter.reply().decoded(JobView.self).state == .running)
      #expect(try await follower.reply().body.isEmpty)
      #expect(try await follower.isClosedByServer())
      await server.stopped()
      #expect(server.log.all.isEmpty)
    }
  }

  @Test("a stop does not wait for half a request, nor for idle connections", .timeLimit(.minutes(1)))
  func stopWithHalfRequests() async throws {
    try await TestServer.with(configure: { $0.stopGrace = .seconds(3600) }) { server in
      let body = try SocketClient(path: server.path)
      try await body.send(TestServer.text(of: "POST", "/v1/jobs", headers: ["Content-Length: 50"]) + "{")
      let head = try SocketClient(path: server.path)
      try await head.send("GET /v1/st")
      let idle = try SocketClient(path: server.path)
      try await idle.send(TestServer.text(of: "GET", "/v1/jobs/1"))
      #expect(try await idle.reply().status == 404)
      await server.stop()
      for client in [body, head, idle] { #expect(try await client.isClosedByServer()) }
      await server.stopped()
    }
  }

  @Test("a stop cuts the connection of a client that does not read its answer")
  func stopWithStuckReader() async throws {
    let service = FakeJobService()
    var job = Self.job
    job.attempts = 1
    service.put(job)
    service.change { $0.logs[AttemptID(job: JobID(1), number: 1)] = [UInt8](repeating: 1, count: 16 << 20) }
    try await TestServer.with(service, configure: { $0.stopGrace = .milliseconds(50) }) { server in
      let client = try SocketClient(path: server.path)
      try await client.send(TestServer.text(of: "GET", "/v1/jobs/1/logs"))
      #expect(try await client.head().status == 200)
      #expect(try await client.chunk() != nil)
      await server.stop()
      await server.stopped()
      #expect(server.log.all.contains { $0.contains("connections are cut") })
    }
  }
}
