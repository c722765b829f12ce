import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine

@Suite("What the engine tells", .timeLimit(.minutes(1)))
struct TellingTests {
  /// What is on record, in words.
  private func told(_ bench: Bench) async throws -> [String] {
    try await bench.store.record.transitions(after: 0, atMost: .max).flatMap(\.transitions).map {
      "\($0.kind.rawValue) \($0.handler ?? "-")"
    }
  }

  @Test("handlers that come and go, and files that are refused")
  func handlers() async throws {
    let bench = Bench()
    try await bench.run {
      #expect(try await told(bench) == ["handler.loaded work", "handler.loaded other"])
      var fewer = Bench.tools
      fewer.sha256 = String(repeating: "b", count: 64)
      fewer.handlers.removeLast()
      let refused = RefusedPlugin(path: "/p/x.so", reason: "it is none")
      bench.plugins.publish(Catalog(plugins: [fewer], refused: [refused]))
      try await bench.recorded("told plugin.refused")
      let last = try await told(bench).suffix(3)
      #expect(last == ["handler.loaded work", "handler.removed other", "plugin.refused -"])
    }
  }

  @Test("a job from its submission to its end, with nothing of what it was given")
  func job() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.engine.submit([
        JobRequest(handler: "work", parameters: ["text": .string("secret")])
      ])[0]
      try await bench.journal.wait(for: "launch \(job).1")
      try await bench.start(AttemptID(job: job, number: 1))
      bench.launcher.say(.progress(AttemptID(job: job, number: 1), Progress(fraction: 0.5, message: "half")))
      try await bench.end(AttemptID(job: job, number: 1))
      let rows = try await bench.store.record.transitions(after: 2, atMost: .max)
      let kinds = rows.flatMap(\.transitions).map(\.kind)
      #expect(
        kinds == [
          .jobAccepted, .jobStarting, .attemptStarting, .jobRunning, .attemptRunning, .attemptEnded,
          .jobSucceeded,
        ])
      #expect(!"\(rows)".contains("secret"))
    }
  }

  @Test("progress goes to those who listen, and not to the record")
  func progress() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      let last = bench.store.live.last
      bench.launcher.say(.progress(AttemptID(job: job, number: 1), Progress(fraction: 0.5, message: "half")))
      let (bell, _) = try #require(bench.store.live.listen())
      for await _ in bell where !bench.store.live.progress(since: 0).found.isEmpty { break }
      let found = try #require(bench.store.live.progress(since: 0).found.first)
      #expect(found.attempt == AttemptID(job: job, number: 1) && found.handler == "work")
      #expect(found.fraction == 0.5 && found.message == "half")
      #expect(bench.store.live.last == last)
    }
  }

  @Test("what is paused and what goes on, by whom")
  func stations() async throws {
    let bench = Bench()
    try await bench.run {
      _ = try await bench.engine.operate(.handler("work"), .pause, by: "root")
      _ = try await bench.engine.operate(.handler("work"), .resume, by: "root")
      let rows = try await bench.store.record.transitions(after: 2, atMost: .max).flatMap(\.transitions)
      #expect(rows.map(\.kind) == [.handlerActivity, .handlerActivity])
      #expect(rows.map { $0.details["activity"] } == [.string("paused"), .string("active")])
      #expect(rows[0].details["by"] == .string("root"))
    }
  }
}
