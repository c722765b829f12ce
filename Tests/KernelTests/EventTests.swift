import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What makes jobs beside commands and times: with the real runner, record and files.
@Suite("Events", .serialized, .timeLimit(.minutes(5)))
struct EventTests {
  @Test("what is acknowledged makes its job once, though the runner is killed again and again")
  func crashes() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    // Jobs are another user's.
    let file = "/dev/shm/millrace-\(UUID().uuidString)"
    try Data().write(to: URL(fileURLWithPath: file))
    defer { unlink(file) }
    chmod(file, 0o666)
    let added = try await runner.millrace(
      "schedule", "add", "note", "exec", "--on", "upload.*", "--memory", "32M", "--",
      "sh", "-c", "echo {{event.id}} >> \(file)")
    try #require(added.status == 0, "\(added.errors)")
    // The runner goes right after the answers.
    for round in 0..<3 {
      let lines = (0..<40).map { number in
        #"{"specversion": "1.0", "id": "\#(round)-\#(number)", "source": "/test", "type": "upload.done"}"#
      }
      let emitted = try await runner.millrace(
        "event", "emit", "--from", "-", input: Data(lines.joined(separator: "\n").utf8))
      try #require(emitted.status == 0, "\(emitted.errors)")
      await runner.crash()
      try await runner.start(handlers: 1)
    }
    try await runner.wait(until: "120 jobs have succeeded") {
      try await self.ticks(of: "note", on: runner).count { $0.state == .succeeded } == 120
    }
    let seen = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    let all = (0..<3).flatMap { round in (0..<40).map { "\(round)-\($0)" } }
    #expect(Set(seen.map(String.init)) == Set(all))
    // The same once more adds nothing.
    let again = try await runner.millrace(
      "event", "emit", "upload.done", "--id", "0-0", "--source", "/test", "--data", "1")
    #expect(again.status == 0 && again.errors.contains("on record already"))
    #expect(try await ticks(of: "note", on: runner).count == 120)
    #expect(await runner.stop() == 0)
  }

  @Test("a file that is closed in a directory makes a job, also one that came while the runner was away")
  func files() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    // The files of the host, which user-mode Linux sees, tell nobody of changes.
    let directory = "/dev/shm/millrace-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }  // It is gone with the kernel anyway.
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    let added = try await runner.millrace(
      "schedule", "add", "take", "exec", "--files", directory, "--pattern", "*.txt", "--memory", "32M", "--",
      "cat", "{{event.data.path}}")
    try #require(added.status == 0, "\(added.errors)")
    try "here".write(toFile: directory + "/1.txt", atomically: false, encoding: .utf8)
    try "not wanted".write(toFile: directory + "/1.csv", atomically: false, encoding: .utf8)
    try await runner.wait(until: "the first file is taken") {
      try await self.ticks(of: "take", on: runner).count { $0.state == .succeeded } == 1
    }
    #expect(await runner.stop() == 0)
    try "away".write(toFile: directory + "/2.txt", atomically: false, encoding: .utf8)
    try await runner.start(handlers: 1)
    try await runner.wait(until: "the second file is taken") {
      try await self.ticks(of: "take", on: runner).count { $0.state == .succeeded } == 2
    }
    let job = try #require(try await ticks(of: "take", on: runner).first?.job)
    #expect(try await runner.millrace("logs", "\(job)").output.contains("away"))
    #expect(await runner.stop() == 0)
  }

  @Test("a job that fails is an event, and who waits for it gets a job about it")
  func builtIn() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let added = try await runner.millrace(
        "schedule", "add", "alarm", "exec", "--on", "job.failed", "--where", "data.labels.team=ops",
        "--memory", "32M", "--", "echo", "job {{event.data.job}}: {{event.data.handler}}")
      try #require(added.status == 0, "\(added.errors)")
      let other = try await runner.submit("exec", "--attempts", "1", "--", "false")
      let failing = try await runner.submit("exec", "--attempts", "1", "--label", "team=ops", "--", "false")
      _ = try await runner.lastAttempt(of: other)
      _ = try await runner.lastAttempt(of: failing)
      try await runner.wait(until: "the alarm has run") {
        try await self.ticks(of: "alarm", on: runner).count { $0.state == .succeeded } == 1
      }
      let job = try #require(try await ticks(of: "alarm", on: runner).first?.job)
      #expect(try await runner.millrace("logs", "\(job)").output.contains("job \(failing): exec"))
    }
  }

  @Test("a call of a webhook makes a job if its signature is right, and leaves nothing behind if it is not")
  func webhook() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let secret = runner.home + "/secret"
      try "topsecret\n".write(toFile: secret, atomically: true, encoding: .utf8)
      chmod(secret, 0o600)
      let added = try await runner.millrace(
        "schedule", "add", "deploy", "exec", "--webhook", "github", "--secret-file", secret, "--memory",
        "32M", "--", "echo", "deploys {{event.data.ref}}")
      try #require(added.status == 0, "\(added.errors)")
      let body = #"{"ref": "refs/heads/main"}"#
      // printf %s BODY | openssl dgst -sha256 -hmac topsecret
      let right = "ca897bada742e1734a08a2b8953179fd39e19c5d1778bfafe0e5c8f06eeb0f04"
      let wrong = "0" + right.dropFirst()
      for (signature, id, status) in [(wrong, "1", 401), (right, "2", 201), (right, "2", 200)] {
        let client = try SocketClient(path: runner.socket)
        try await client.send(
          "POST /v1/hooks/deploy HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            + "X-GitHub-Delivery: \(id)\r\nX-Hub-Signature-256: sha256=\(signature)\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(try await client.reply().status == status)
      }
      try await runner.wait(until: "the call has made its job") {
        try await self.ticks(of: "deploy", on: runner).count { $0.state == .succeeded } == 1
      }
      let job = try #require(try await ticks(of: "deploy", on: runner).first?.job)
      #expect(try await runner.millrace("logs", "\(job)").output.contains("deploys refs/heads/main"))
      #expect(try await runner.answer(EventPage.self, "event", "list").events.map(\.number.rawValue) == [1])
    }
  }

  private func ticks(of schedule: String, on runner: RunnerUnderTest) async throws -> [TickView] {
    try await runner.answer(TickPage.self, "schedule", "history", schedule, "--limit", "1000").ticks
  }
}
