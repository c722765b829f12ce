import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import MillraceStore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("The program without a runner")
struct RecordTests {
  /// A state directory with three jobs: 1 succeeded with a result and a log, 2 waits, 3 was killed.
  private static func state() async throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    let store = try SQLiteJobStore(opening: directory.path + "/millrace.db")
    let ids = try await store.submit(
      [Sample.plain(), Sample.plain(), Sample.plain(handler: "balloon")], at: Sample.time(0))
    let usage = Usage(memoryPeak: .mebibytes(64), cpuUser: .seconds(1), oomKills: 1)
    for (id, handler, outcome) in [(ids[0], "noop", Outcome.succeeded), (ids[2], "balloon", .oomOwnLimit)] {
      let attempt = Sample.attempt(id, handler: handler)
      let isDone = outcome == .succeeded
      let end = AttemptEnd(
        outcome: outcome, ended: Sample.time(20),
        exit: isDone ? .exited(code: 0) : .signalled(signal: 9), usage: usage,
        result: isDone ? JobResult(mediaType: "text/plain", bytes: [UInt8]("done".utf8)) : nil)
      try await store.commit([
        .starting(attempt), .running(attempt.id, at: Sample.time(12)),
        .ended(attempt.id, end, next: .done(isDone ? .succeeded : .failed)),
      ])
    }
    try store.close()
    try FileManager.default.createDirectory(
      atPath: directory.path + "/logs/1", withIntermediateDirectories: true)
    try "hello\n".write(toFile: directory.path + "/logs/1/1.log", atomically: false, encoding: .utf8)
    return directory
  }

  private func millrace(_ state: TemporaryDirectory, _ arguments: String...) throws -> Program.Outcome {
    try Program(
      arguments + ["--socket", state.path + "/none"], path: Program.path,
      environment: ["MILLRACE_STATE": state.path]
    ).end()
  }

  @Test("list, show, history, result and logs read the record, and say so")
  func reads() async throws {
    let state = try await Self.state()
    let note = "millrace: the runner is not reachable; reading the record in `\(state.path)`\n"
    #expect(try millrace(state, "list", "-o", "ids") == .init(code: 0, out: "2\n3\n1\n", error: note))
    #expect(try millrace(state, "history", "-o", "ids").out == "3.1\n1.1\n")
    #expect(try millrace(state, "history", "--outcome", "succeeded", "-o", "ids").out == "1.1\n")
    #expect(try millrace(state, "history", "--since", "2026-01-02", "-o", "ids").out == "")
    #expect(try millrace(state, "history", "--by", "handler", "-o", "ids").out == "balloon\nnoop\n")
    #expect(try millrace(state, "stats", "-o", "ids").out == "balloon\nnoop\n")
    #expect(try millrace(state, "stats", "noop", "-o", "csv").out.contains("\nnoop,,1,"))
    #expect(try millrace(state, "result", "1") == .init(code: 0, out: "done", error: note))
    #expect(try millrace(state, "logs", "1") == .init(code: 0, out: "hello\n", error: note))
    #expect(try millrace(state, "logs", "1.1").out == "hello\n")
    #expect(
      try millrace(state, "show", "3").out.contains(
        "killed: passed its memory limit of 1 B (peak 64 MiB, 1 oom kill)\n"))
  }

  @Test("the record and the runner give the same JSON")
  func sameShapes() async throws {
    let state = try await Self.state()
    let history = try millrace(state, "history", "-o", "json").out
    let page = try Wire.decoder().decode(HistoryPage.self, from: Data(history.utf8))
    #expect(page.attempts.map(\.outcome) == [.oomOwnLimit, .succeeded])
    let list = try millrace(state, "list", "--all", "-o", "json").out
    #expect(
      try Wire.decoder().decode(JobPage.self, from: Data(list.utf8)).jobs.map(\.id.rawValue) == [3, 2, 1])
  }

  @Test("why tells what admission knew of jobs that have started; those that wait need the runner")
  func why() async throws {
    let state = try await Self.state()
    let started = try millrace(state, "why", "3")
    #expect(started.out.hasPrefix("job 3 (balloon) is failed\n\nattempt       3.1\n"))
    #expect(started.out.contains("\nheld by       rate: 5/min is used up\n"))
    let json = try millrace(state, "why", "3", "-o", "json").out
    let view = try Wire.decoder().decode(WhyView.self, from: Data(json.utf8))
    #expect(view.attempt?.admission == AdmissionView(Sample.admission))
    let waiting = try millrace(state, "why", "2")
    #expect(waiting.code == 69)
    #expect(
      waiting.error.contains("error: job 2 is queued, and the runner is down: nothing starts\n\nhint: "))
    #expect(try millrace(state, "why", "9").code == 4)
  }

  @Test("what is not on record is 4, what is not yet there is 3")
  func missing() async throws {
    let state = try await Self.state()
    #expect(try millrace(state, "show", "9").code == 4)
    #expect(try millrace(state, "logs", "2").code == 4)
    #expect(try millrace(state, "logs", "3").code == 4)
    #expect(try millrace(state, "result", "3").code == 4)
    #expect(try millrace(state, "result", "2").code == 3)
  }

  @Test("what needs the runner is 69 without it, and so is all without a record")
  func unreachable() throws {
    let directory = try TemporaryDirectory()
    let socket = directory.path + "/none"
    for arguments in [
      ["submit", "noop"], ["run", "noop"], ["wait", "1"], ["cancel", "1"], ["handlers"], ["status"], ["list"],
      ["history"], ["show", "1"], ["result", "1"], ["logs", "1"], ["why", "1"],
      ["reprioritise", "1", "--priority", "2"],
      ["stats"], ["recommend", "noop", "--apply"], ["submit", "noop", "--dry-run"],
    ] {
      let outcome = try Program(
        arguments + ["--socket", socket], path: Program.path, environment: ["MILLRACE_STATE": directory.path]
      ).end()
      #expect(outcome.code == 69, "\(arguments)")
      #expect(outcome.out == "")
      #expect(
        outcome.error.hasPrefix(
          "error: cannot reach the runner on `\(socket)`: No such file or directory\n\nhint: start"))
    }
  }

  @Test("a record that is no database is millrace's own failure")
  func corrupt() throws {
    let directory = try TemporaryDirectory()
    try "not a database, however long it is".write(
      toFile: directory.path + "/millrace.db", atomically: false, encoding: .utf8)
    let outcome = try millrace(directory, "history")
    #expect(outcome.code == 125)
    #expect(outcome.error.contains("error: cannot "))
    #expect(outcome.error.contains("\n\nhint: "))
  }
}
