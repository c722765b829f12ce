import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// A caller over TCP, and what is told of its job in the trace, the record and the audit.
@Suite("A job over TCP", .serialized, .timeLimit(.minutes(5)))
struct TokenTests {
  private static let port: UInt16 = 18_274
  private static let body = """
    {"handler": "exec", "parameters": {"command": ["sh", "-c", "echo $TRACEPARENT; echo $KEY"],
     "environment": {"KEY": "hunter2"}}}
    """

  private func submit(with token: String) async throws -> HTTPReply {
    let client = try SocketClient(port: Self.port)
    let head = [
      "POST /v1/jobs HTTP/1.1", "Host: localhost", "Authorization: Bearer \(token)",
      "traceparent: \(Sample.trace)", "Content-Length: \(Self.body.utf8.count)",
    ]
    try await client.send(head.joined(separator: "\r\n") + "\r\n\r\n" + Self.body)
    return try await client.reply()
  }

  @Test("is its token's, is in the trace of its request, and keeps its secrets")
  func job() async throws {
    let home = TestDirectory.newPath("tokens")
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    let spans = home + "/spans.jsonl"
    let runner = try RunnerUnderTest(
      plugins: ["exec"],
      configuration: """
        access: {listen: "127.0.0.1:\(Self.port)", tokens: \(home)/tokens}
        tracing: {file: \(spans)}
        """)
    let made = try await runner.millrace("token", "new", "ci", "--role", "submitter")
    let file = FileManager.default
    #expect(
      file.createFile(
        atPath: home + "/tokens", contents: Data(made.output.utf8), attributes: [.posixPermissions: 0o600]))
    try await runner.start(handlers: 1)
    #expect(try await submit(with: "mr_wrong").status == 401)
    let token = made.errors.trimmingCharacters(in: .whitespacesAndNewlines)
    let job = try Wire.decoder().decode(JobView.self, from: Data(try await submit(with: token).body))
    #expect(job.owner == "token:ci")
    #expect(try await runner.lastAttempt(of: "\(job.id)").outcome == .succeeded)

    // The job was told the span of its own run, and its secret; nobody else is.
    let log = try await runner.millrace("logs", "\(job.id)").output.split(separator: "\n").map(String.init)
    let context = try #require(TraceContext(text: log.first ?? ""))
    #expect(context.trace == TraceContext(text: Sample.trace)?.trace && log.last == "hunter2")
    let shown = try await runner.millrace("show", "\(job.id)", "-o", "json")
    #expect(!shown.output.contains("hunter2") && shown.output.contains("<secret>"))
    #expect(try await runner.millrace("show", "\(job.id)", "--secrets").output.contains("hunter2"))
    let audit = try await runner.millrace("audit", "-o", "json")
    #expect(audit.output.contains("GET /v1/jobs/\(job.id)/parameters"))

    #expect(await runner.stop() == 0)
    let lines = try String(contentsOfFile: spans, encoding: .utf8)
    #expect(lines.contains("\"spanId\":\"\(context.span)\"") && !lines.contains("hunter2"))
    for name in ["queue", "start", "run", "job"] {
      #expect(lines.contains("\"name\":\"\(name)\""), "\(name)")
    }
    #expect(lines.contains("\"parentSpanId\":\"b7ad6b7169203331\""))
  }
}
