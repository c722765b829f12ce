import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What is told of jobs, by the real runner to the real command.
@Suite("Live events", .serialized, .timeLimit(.minutes(5)))
struct LiveEventTests {
  @Test("whoever follows is told everything once, though the runner is killed and started again")
  func restarts() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    let follower = try TestProcess(
      "millrace", ["events", "-f", "-o", "jsonl", "--after", "0", "--socket", runner.socket])
    var jobs: [JobID] = []
    for _ in 0..<3 {
      for _ in 0..<5 {
        let job = try await runner.submit("exec", "--", "true")
        jobs.append(try #require(JobID(text: job)))
      }
      _ = try await runner.lastAttempt(of: "\(jobs[jobs.count - 1])")
      // The others may be at any point of their lives.
      await runner.crash()
      try await runner.start(handlers: 1)
    }
    for job in jobs { _ = try await runner.lastAttempt(of: "\(job)") }
    let record = try await runner.millrace("events", "--after", "0", "-o", "jsonl")
    #expect(record.status == 0, "\(record.errors)")
    let lines = record.output.split(separator: "\n").map(String.init)
    try await runner.wait(until: "the follower has it all") {
      follower.output.split(separator: "\n").count >= lines.count
    }
    kill(follower.pid, SIGINT)
    let followed = try await follower.ended()
    #expect(followed.status == 0, "\(followed.errors)")
    #expect(followed.output.split(separator: "\n").map(String.init).prefix(lines.count) == lines[...])
    let views = try lines.map { try Wire.decoder().decode(LiveEventView.self, from: Data($0.utf8)) }
    #expect(views.map { $0.members["id"] } == (1...lines.count).map { .integer(Int64($0)) })
    for job in jobs {
      let types = views.filter { $0.members["job"] == .integer(job.rawValue) }.map(\.type)
      #expect(types.first == "job.accepted" && types.last == "job.succeeded", "\(job): \(types)")
      #expect(types.count { $0 == "job.accepted" || $0 == "job.succeeded" } == 2, "\(job): \(types)")
    }
    #expect(await runner.stop() == 0)
  }
}
