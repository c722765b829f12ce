import FoundationEssentials
import MillraceHTTP
import MillraceWire
import Testing
import TestSupport

@Suite("The dashboard's files")
struct DashboardTests {
  private static let script = "export const one = 1;\n"

  /// Runs a server with a page, a script and what must not be served.
  private static func with(
    tcp: TCPAddress? = nil, onListening: @escaping @Sendable (Int) -> Void = { _ in },
    _ body: @Sendable (TestServer) async throws -> Void
  ) async throws {
    let directory = try TemporaryDirectory()
    try Data("<!doctype html>".utf8).write(to: URL(filePath: directory.path + "/index.html"))
    try Data(script.utf8).write(to: URL(filePath: directory.path + "/app.js"))
    try Data("a{}".utf8).write(to: URL(filePath: directory.path + "/style.css"))
    try Data("secret".utf8).write(to: URL(filePath: directory.path + "/tokens"))
    try Data("secret".utf8).write(to: URL(filePath: directory.path + "/notes.txt"))
    let files = try DashboardFiles(directory: directory.path)
    try await TestServer.with(
      configure: {
        $0.dashboard = files
        $0.tcp = tcp
        $0.onListening = onListening
      }, body)
    withExtendedLifetime(directory) {}
  }

  @Test(
    "each file has its type and headers that let nothing from elsewhere in",
    arguments: [
      ("/", "text/html; charset=utf-8"), ("/assets/app.js", "text/javascript; charset=utf-8"),
      ("/assets/style.css", "text/css; charset=utf-8"),
    ])
  func headers(path: String, mediaType: String) async throws {
    try await Self.with { server in
      let reply = try await server.request("GET", path)
      #expect(reply.status == 200)
      #expect(reply.headers["content-type"] == mediaType)
      let policy = try #require(reply.headers["content-security-policy"])
      for part in [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
        "img-src 'self' data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
      ] {
        #expect(policy.split(separator: "; ").contains { $0 == part }, "\(part) in \(policy)")
      }
      #expect(reply.headers["x-content-type-options"] == "nosniff")
      #expect(reply.headers["referrer-policy"] == "no-referrer")
      #expect(reply.headers["cache-control"] == "no-cache")
      #expect(reply.headers["etag"]?.hasPrefix("\"") == true)
      let head = try await server.request("HEAD", path)
      #expect(head.status == 200 && head.body.isEmpty)
      #expect(head.headers["content-length"] == reply.headers["content-length"])
      #expect(head.headers["content-security-policy"] == policy)
    }
  }

  @Test("who has a file already is told that it is still right")
  func freshness() async throws {
    try await Self.with { server in
      let tag = try #require(try await server.request("GET", "/assets/app.js").headers["etag"])
      for value in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
        let reply = try await server.request("GET", "/assets/app.js", headers: ["If-None-Match: \(value)"])
        #expect(reply.status == 304 && reply.body.isEmpty, "\(value)")
        #expect(reply.headers["etag"] == tag)
      }
      let other = try await server.request("GET", "/assets/app.js", headers: ["If-None-Match: \"x\""])
      #expect(other.status == 200)
      #expect(String(decoding: other.body, as: UTF8.self) == Self.script)
    }
  }

  @Test(
    "nothing else is served, however it is written",
    arguments: [
      "/assets/tokens", "/assets/notes.txt", "/assets/index.html", "/assets/", "/assets", "/index.html",
      "/assets/../tokens", "/assets/%2e%2e%2ftokens", "/assets/..%2fetc%2fpasswd", "/assets//etc/passwd",
      "/assets/app.js%00", "/assets/APP.JS", "/app.js",
    ])
  func otherPaths(path: String) async throws {
    try await Self.with { server in
      let reply = try await server.request("GET", path)
      #expect(reply.status == 404, "\(path): \(reply.status)")
      #expect(reply.headers["content-type"] == "application/problem+json")
    }
  }

  @Test("nothing can be done with them but to read them")
  func methods() async throws {
    try await Self.with { server in
      for path in ["/", "/assets/app.js"] {
        for method in ["POST", "PUT", "DELETE"] {
          let reply = try await server.request(method, path, body: "")
          #expect(reply.status == 405, "\(method) \(path): \(reply.status)")
          #expect(reply.headers["allow"] == "GET, HEAD")
        }
      }
    }
  }

  @Test("without its files the page says what to do, and the API works")
  func missing() async throws {
    try await TestServer.with { server in
      for path in ["/", "/assets/app.js"] {
        let reply = try await server.request("GET", path)
        #expect(reply.status == 404)
        let problem = try reply.decoded(Problem.self)
        #expect(problem.hint?.contains("make build") == true)
      }
      #expect(try await server.request("GET", "/v1/stations").status == 200)
    }
  }

  @Test("a directory without a page, or that is not there, is told as such")
  func unusable() throws {
    let directory = try TemporaryDirectory()
    #expect(throws: DashboardFiles.Unusable.self) { try DashboardFiles(directory: directory.path) }
    #expect(throws: DashboardFiles.Unusable.self) { try DashboardFiles(directory: directory.path + "/no") }
    try Data(count: 1 << 21).write(to: URL(filePath: directory.path + "/index.html"))
    #expect(throws: DashboardFiles.Unusable.self) { try DashboardFiles(directory: directory.path) }
  }

  @Test("over TCP it takes no token, but a name of this runner")
  func host() async throws {
    let (ports, source) = AsyncStream<Int>.makeStream()
    try await Self.with(
      tcp: TCPAddress(host: "127.0.0.1", port: 0), onListening: { source.yield($0) }
    ) { _ in
      var iterator = ports.makeAsyncIterator()
      let port = UInt16(try #require(await iterator.next()))
      for (host, status) in [("localhost:\(port)", 200), ("evil.example", 403)] {
        let client = try SocketClient(port: port)
        try await client.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        #expect(try await client.reply().status == status, "\(host)")
      }
    }
  }

  @Test("a page of another site gets nothing over a socket to which a port leads, either")
  func forwardedSocket() async throws {
    try await Self.with { server in
      for (host, origin, status) in [
        ("localhost", "http://evil.example", 403), ("evil.example", "http://evil.example", 403),
        ("localhost", "http://localhost", 200),
      ] {
        let client = try SocketClient(path: server.path)
        try await client.send("GET /v1/stations HTTP/1.1\r\nHost: \(host)\r\nOrigin: \(origin)\r\n\r\n")
        #expect(try await client.reply().status == status, "\(host) \(origin)")
      }
    }
  }
}
