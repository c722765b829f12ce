import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What one runner sends is for another one, here itself, to receive.
@Suite("Messages by webhook", .serialized, .timeLimit(.minutes(5)))
struct WebhookDeliveryTests {
  private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  /// Has the runner listen for messages on a port of this machine, with that secret.
  private func listen(_ runner: RunnerUnderTest, _ signature: String) async throws -> TCPRelay {
    let file = runner.home + "/secret"
    try Self.secret.write(toFile: file, atomically: true, encoding: .utf8)
    chmod(file, 0o600)
    let added = try await runner.millrace(
      "schedule", "add", signature, "exec", "--webhook", signature, "--secret-file", file, "--memory", "32M",
      "--", "echo", "disk is {{event.data.disk}}")
    try #require(added.status == 0, "\(added.errors)")
    return try TCPRelay(to: runner.socket)
  }

  @Test(
    "a message that a job sends makes a job where it is received, and nobody is shown the secret",
    arguments: ["standard", "github"])
  func delivered(signature: String) async throws {
    try await RunnerUnderTest.with(plugins: ["exec", "http"]) { runner in
      let relay = try await listen(runner, signature)
      let job = try await runner.submit(
        "notify.webhook", "url=http://127.0.0.1:\(relay.port)/v1/hooks/\(signature)",
        "secret=\(Self.secret)", "signature=\(signature)", #"payload:={"disk":"full"}"#)
      let attempt = try await runner.lastAttempt(of: job)
      #expect(attempt.outcome == .succeeded, "\(attempt)")
      let shown = try await runner.millrace("show", job, "-o", "json").output
      #expect(shown.contains("notify.webhook") && !shown.contains(Self.secret))
      try await runner.wait(until: "the message has made its job") {
        try await self.ticks(of: signature, on: runner).count { $0.state == .succeeded } == 1
      }
      let made = try #require(try await ticks(of: signature, on: runner).first?.job)
      #expect(try await runner.millrace("logs", "\(made)").output.contains("disk is full"))
    }
  }

  @Test("a message with another secret is refused: the job is tried again, and nothing is received")
  func refused() async throws {
    try await RunnerUnderTest.with(plugins: ["exec", "http"]) { runner in
      let relay = try await listen(runner, "standard")
      let job = try await runner.submit(
        "notify.webhook", "url=http://127.0.0.1:\(relay.port)/v1/hooks/standard", "secret=another",
        "payload:=[]", "--attempts", "1")
      let attempt = try await runner.lastAttempt(of: job)
      #expect(attempt.outcome == .error && attempt.failure?.code == "status_401", "\(attempt)")
      #expect(try await ticks(of: "standard", on: runner).isEmpty)
    }
  }

  private func ticks(of schedule: String, on runner: RunnerUnderTest) async throws -> [TickView] {
    try await runner.answer(TickPage.self, "schedule", "history", schedule, "--limit", "1000").ticks
  }
}
