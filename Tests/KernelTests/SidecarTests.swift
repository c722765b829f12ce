import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What a runner learns from real cgroups, and how it becomes the limit of the jobs that come.
@Suite("Learned limits and the files that hold them", .serialized, .timeLimit(.minutes(5)))
struct SidecarTests {
  @Test("after some runs the limit that fits is recommended, and in force when it is applied")
  func recommend() async throws {
    try await RunnerUnderTest.with(plugins: ["balloon"]) { runner in
      let before = try await runner.answer([RecommendationView].self, "recommend", "balloon")
      #expect(before.first?.memoryBytes == nil)
      let lines = [String](repeating: "balloon memory=20M --memory 200M", count: 24).joined(separator: "\n")
      let batch = try await runner.millrace("submit", "--batch", "-", "--wait", input: Data(lines.utf8))
      #expect(batch.status == 0, "\(batch.errors)")
      let learned = try #require(
        try await runner.answer(StatisticsPage.self, "stats", "balloon").handlers.first?.memoryBytes)
      #expect(learned.count == 24)
      #expect((20 << 20)..<(40 << 20) ~= Int(learned.max))
      let file = runner.plugins + "/libballoon.yaml"
      let applied = try await runner.answer([RecommendationView].self, "recommend", "balloon", "--apply")
      #expect(applied.first?.appliedTo == file)
      let limit = try #require(applied.first?.memoryBytes?.recommended)
      #expect((Int64(learned.max)..<64 << 20) ~= limit)
      #expect(try await becomes { try await Self.limit(runner) == limit })
      let job = try await runner.submit("balloon", "memory=20M")
      let attempt = try await runner.lastAttempt(of: job)
      #expect(attempt.limits.memoryBytes == limit)
      #expect(attempt.outcome == .succeeded)
      #expect(attempt.admission.basis.kind == .percentile95)
      try await mistake(in: file, runner, limit)
    }
  }

  /// A mistake is told, and the last limit stays in force; another good text replaces it.
  private func mistake(in file: String, _ runner: RunnerUnderTest, _ limit: Int64) async throws {
    try "handlers: {balloon: {memory: lots}}".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(
      try await becomes {
        try await runner.millrace("handlers").errors.contains(
          "\(file):1:30: `handlers.balloon.memory` must be")
      })
    #expect(try await Self.limit(runner) == limit)
    try "handlers: {balloon: {memory: 99M}}".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try await becomes { try await Self.limit(runner) == 99 << 20 })
    #expect(try await runner.millrace("handlers").errors.isEmpty)
  }

  /// The limit that a job would have now.
  private static func limit(_ runner: RunnerUnderTest) async throws -> Int64 {
    try await runner.answer(RehearsalView.self, "submit", "balloon", "memory=20M", "--dry-run").limits
      .memoryBytes
  }

  /// Whether something becomes true within 60 s; each look is a whole command.
  private func becomes(_ isTrue: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
      if try await isTrue() { return true }
    }
    return false
  }
}
