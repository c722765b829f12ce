import MillraceCore
import MillraceEngine
import MillraceHTTP
import MillraceWire
import Synchronization
import Testing
import TestSupport

/// The tokens of a test: each role has one that is called like it.
private struct FakeTokens: TokenRegister {
  func holder(of token: String) -> TokenHolder? {
    Role(rawValue: token).map { TokenHolder(name: token, role: $0) }
  }
}

@Suite("Who may do what")
struct AccessTests {
  /// An address and the least role that may use it; `own` if less will do for one's own job.
  struct Row: Sendable, CustomStringConvertible {
    var method: String
    var path: String
    var least: Role
    var isForOwners = false
    var description: String { "\(method) \(path)" }

    init(_ method: String, _ path: String, _ least: Role, own: Bool = false) {
      (self.method, self.path, self.least, isForOwners) = (method, path, least, own)
    }
  }

  /// Job 1 is the submitter's, job 2 somebody else's; workflow 1 has job 1, workflow 2 has job 2.
  static let table =
    [
      "/jobs", "/jobs/1", "/jobs/2", "/jobs/1/why", "/jobs/1/logs", "/jobs/1/result", "/jobs/1/usage",
      "/dead", "/workflows", "/workflows/1", "/history", "/history/summary", "/history/builds", "/handlers",
      "/statistics", "/handlers/x/statistics", "/handlers/x/builds",
      "/handlers/x/recommendation", "/status", "/stations", "/settings", "/schedules", "/schedules/x",
      "/schedules/x/preview", "/schedules/x/ticks", "/events", "/events/1",
    ].map { Row("GET", $0, .viewer) }
    + [Row("POST", "/jobs/rehearse", .viewer)]
    + ["/jobs", "/jobs/batch", "/workflows", "/events"].map { Row("POST", $0, .submitter) }
    + ["cancel", "hold", "release", "reprioritise", "retry"].flatMap { verb in
      [Row("POST", "/jobs/1/\(verb)", .submitter), Row("POST", "/jobs/2/\(verb)", .operator)]
    }
    + ["cancel", "retry-failed"].flatMap { verb in
      [Row("POST", "/workflows/1/\(verb)", .submitter), Row("POST", "/workflows/2/\(verb)", .operator)]
    }
    + [
      "/jobs/cancel", "/jobs/hold", "/jobs/release", "/dead/retry", "/pause", "/resume", "/drain",
      "/settings/set", "/settings/unset", "/handlers/x/reset", "/handlers/x/rollback",
      "/handlers/x/recommendation/apply",
      "/schedules",
      "/schedules/x/pause", "/schedules/x/resume", "/schedules/x/run", "/schedules/x/backfill",
    ].map { Row("POST", $0, .operator) }
    + [Row("PUT", "/schedules/x", .operator), Row("DELETE", "/schedules/x", .operator)]
    + ["/prune", "/backup"].map { Row("POST", $0, .admin) }
    + ["/audit", "/jobs/1/parameters"].map { Row("GET", $0, .admin) }

  private static func service(owner: String) -> FakeJobService {
    let service = FakeJobService()
    service.change { contents in
      contents.status = RunnerStatus(
        version: "0.1", pid: 7, started: Sample.time(0), draining: false, queued: 2, scheduled: 0, running: 0,
        capacity: Sample.admission.capacity, used: Sample.admission.used)
      for (number, owner) in [(1, owner), (2, "somebody")] {
        var submission = Sample.plain()
        submission.owner = owner
        let job = Job(
          id: JobID(Int64(number)), submission: submission, submitted: Sample.time(0), state: .queued)
        contents.jobs[job.id] = job
        contents.workflows[Int64(number)] = WorkflowRecord(
          id: Int64(number), name: "w", submitted: Sample.time(0), definition: WorkflowDefinition(steps: []),
          jobs: [.init(job: job.id, step: nil, state: .queued)])
      }
    }
    return service
  }

  /// Runs a server with TCP and gives `body` its port.
  private func withPort(
    audit: (any AuditStore)? = nil, _ body: @Sendable (UInt16, TestServer) async throws -> Void
  ) async throws {
    let (ports, source) = AsyncStream<Int>.makeStream()
    try await TestServer.with(
      Self.service(owner: "token:submitter"), audit: audit,
      configure: {
        $0.tcp = TCPAddress(host: "127.0.0.1", port: 0)
        $0.access.tokens = FakeTokens()
        $0.access.hosts = ["millrace.example"]
        $0.onListening = { source.yield($0) }
      },
      { server in
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(UInt16(port), server)
      })
  }

  private func ask(
    _ port: UInt16, _ method: String, _ path: String, headers: [String], host: String = "localhost"
  ) async throws -> HTTPReply {
    let client = try SocketClient(port: port)
    let lines = ["\(method) /v1\(path) HTTP/1.1", "Host: \(host)", "Content-Length: 0"] + headers
    try await client.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
    return try await client.reply()
  }

  @Test("each role may use what is its own, over TCP", arguments: Role.allCases)
  func tokens(role: Role) async throws {
    try await withPort { port, _ in
      for row in Self.table {
        let reply = try await ask(
          port, row.method, row.path, headers: ["Authorization: Bearer \(role.rawValue)"])
        #expect((reply.status == 403) == (role < row.least), "\(row): \(reply.status)")
        #expect(reply.status != 401 && reply.status != 405 && reply.status != 500, "\(row): \(reply.status)")
      }
    }
  }

  @Test("without a token nothing is to be had over TCP but what has a signature of its own")
  func noToken() async throws {
    try await withPort { port, _ in
      for row in Self.table {
        let reply = try await ask(port, row.method, row.path, headers: [])
        #expect(reply.status == 401, "\(row): \(reply.status)")
        #expect(reply.headers["www-authenticate"] == "Bearer")
      }
      #expect(try await ask(port, "POST", "/hooks/x", headers: []).status != 401)
    }
  }

  @Test(
    "on the Unix socket the runner's user may do everything, the group what submitters may, others nothing")
  func users() async throws {
    let name = UserNames.own
    for (admins, group, role) in [
      (PeerCredentials.ownUsers, nil, Role?.some(.admin)), ([54321], UserNames.ownGroup, .submitter),
      ([54321], 54321, nil), ([54321], nil, nil),
    ] as [(Set<UInt32>, UInt32?, Role?)] {
      try await TestServer.with(
        Self.service(owner: name), configure: { ($0.access.admins, $0.access.group) = (admins, group) },
        { server in
          for row in Self.table {
            let reply = try await server.request(
              row.method, "/v1" + row.path, body: row.method == "GET" ? nil : "")
            let isAllowed = role.map { $0 >= row.least } ?? false
            #expect(
              (reply.status == 403) == !isAllowed, "\(row) as \(String(describing: role)): \(reply.status)")
          }
        })
    }
  }

  @Test("jobs and workflows have the owner who submitted them, whatever the request says")
  func owner() async throws {
    try await withPort { port, server in
      let body = "{\"handler\":\"checksum\"}"
      let client = try SocketClient(port: port)
      try await client.send(
        "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: bearer submitter\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      _ = try await client.reply()
      _ = try await server.request("POST", "/v1/jobs", body: body)
      #expect(server.service.contents.submitted.map(\.owner) == ["token:submitter", UserNames.own])
      let forged = try await server.request("POST", "/v1/jobs", body: "{\"handler\":\"x\",\"owner\":\"a\"}")
      #expect(forged.status == 422 || forged.status == 400)
    }
  }

  @Test(
    "what another site's page sends is refused",
    arguments: [
      ("evil.example", []), ("localhost.evil.example", []), ("", []),
      ("localhost", ["Origin: http://evil.example"]), ("localhost", ["Origin: null"]),
      ("millrace.example", ["Origin: http://localhost"]),
    ] as [(String, [String])])
  func otherSite(host: String, headers: [String]) async throws {
    try await withPort { port, _ in
      let reply = try await ask(
        port, "GET", "/status", headers: headers + ["Authorization: Bearer admin"], host: host)
      #expect(reply.status == 403 || host.isEmpty && reply.status == 400)
    }
  }

  @Test(
    "what its own page sends is not",
    arguments: [
      ("localhost:80", ["Origin: http://localhost:80"]), ("127.0.0.1", []), ("[::1]:8274", []),
      ("Millrace.Example", ["Origin: https://Millrace.Example"]),
    ] as [(String, [String])])
  func ownSite(host: String, headers: [String]) async throws {
    try await withPort { port, _ in
      let reply = try await ask(
        port, "GET", "/stations", headers: headers + ["Authorization: Bearer viewer"], host: host)
      #expect(reply.status == 200)
    }
  }

  @Test("after ten wrong tokens an address has to wait, with a right one, too")
  func guessing() async throws {
    try await withPort { port, _ in
      for header in ["Bearer wrong", "Basic YTpi", "viewer", "Bearer", "Bearer  viewer "]
        + Array(repeating: "Bearer x", count: 5)
      {
        #expect(try await ask(port, "GET", "/stations", headers: ["Authorization: \(header)"]).status == 401)
      }
      let reply = try await ask(port, "GET", "/stations", headers: ["Authorization: Bearer viewer"])
      #expect(reply.status == 429)
      #expect(reply.headers["retry-after"] == "60")
    }
  }

  @Test(
    "changes are in the audit with who, from where and what came of it; submissions and questions are not")
  func audit() async throws {
    let store = MemoryJobStore()
    try await withPort(audit: store) { port, server in
      for (token, method, path) in [
        ("viewer", "POST", "/jobs/2/cancel"), ("submitter", "POST", "/jobs/1/hold"),
        ("operator", "POST", "/jobs/99/cancel"), ("operator", "GET", "/jobs/1"),
        ("submitter", "POST", "/jobs"),
      ] {
        _ = try await ask(port, method, path, headers: ["Authorization: Bearer \(token)"])
      }
      let page = try await server.request("GET", "/v1/audit?limit=9").decoded(AuditPage.self)
      #expect(
        page.entries.map(\.action) == [
          "POST /v1/jobs/99/cancel", "POST /v1/jobs/1/hold", "POST /v1/jobs/2/cancel",
        ])
      #expect(page.entries.map(\.status) == [404, 200, 403])
      #expect(page.entries.map(\.principal) == ["token:operator", "token:submitter", "token:viewer"])
      #expect(page.entries.allSatisfy { $0.origin.hasPrefix("127.0.0.1:") })
      _ = try await server.request("POST", "/v1/jobs/1/hold")
      let mine = try await server.request("GET", "/v1/audit?principal=\(UserNames.own)&limit=1")
      let entry = try #require(try mine.decoded(AuditPage.self).entries.first)
      #expect(entry.role == "admin" && entry.origin == "pid \(UserNames.pid)")
    }
  }
}
