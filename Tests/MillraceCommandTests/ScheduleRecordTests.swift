import FoundationEssentials
import MillraceCore
import MillraceEngine
import MillraceStore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("Schedules without a runner")
struct ScheduleRecordTests {
  /// A state directory with `hourly`, which ran once and was skipped three times, and `nightly`.
  private static func state() async throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    let store = try SQLiteJobStore(opening: directory.path + "/millrace.db")
    for name in ["nightly", "hourly"] {
      _ = try await store.change(
        .add(try Sample.definition(name), file: nil, created: Sample.time(0)))
    }
    let hourly = try #require(try await store.schedules().first)
    let fates: [Fate] = [.ran, .skippedOverlap, .skippedOverlap, .skippedOverlap]
    let claims = fates.enumerated().map { Sample.claim(Int64($0 * 3600), of: hourly, $1) }
    _ = try await store.claim(claims, at: Sample.time(4 * 3600))
    try store.close()
    return directory
  }

  private func schedule(_ state: TemporaryDirectory, _ arguments: String...) throws -> Program.Outcome {
    try Program(
      ["schedule"] + arguments + ["--socket", state.path + "/none"], path: Program.path,
      environment: ["MILLRACE_STATE": state.path]
    ).end()
  }

  @Test("list, show, history and stats read the record, and say so")
  func reads() async throws {
    let state = try await Self.state()
    let note = "millrace: the runner is not reachable; reading the record in `\(state.path)`\n"
    #expect(try schedule(state, "list", "-o", "ids") == .init(code: 0, out: "hourly\nnightly\n", error: note))
    #expect(try schedule(state, "list").error.contains("schedule hourly: 3 of the last 4 times were skipped"))
    let show = try schedule(state, "show", "hourly")
    #expect(show.out.contains("\nwarning: 3 of the last 4 times were skipped"))
    #expect(show.out.contains("fates      1 ran, 3 skipped-overlap\n"))
    let history = try schedule(state, "history", "hourly", "--fate", "ran", "-o", "jsonl")
    let tick = try Wire.decoder().decode(TickView.self, from: Data(history.out.utf8))
    #expect(tick.fate == .ran && tick.job == JobID(1) && tick.state == .queued)
    #expect(
      try schedule(state, "history", "hourly", "--since", "2026-01-01 02:00", "-o", "jsonl").out
        .split(separator: "\n").count == 2)
    let stats = try schedule(state, "stats", "-o", "csv").out.split(separator: "\n")
    #expect(stats.count == 3 && stats[1].hasPrefix("hourly,1,0,3,0,0,0,0,0,"))
    #expect(
      try schedule(state, "history", "nightly")
        == .init(code: 0, out: "", error: note + "millrace: nothing found\n"))
  }

  @Test("stats counts the fates of all schedules on record, or of those of a handler")
  func fates() async throws {
    let state = try await Self.state()
    func stats(_ arguments: String...) throws -> Program.Outcome {
      try Program(
        ["stats"] + arguments + ["--socket", state.path + "/none"], path: Program.path,
        environment: ["MILLRACE_STATE": state.path]
      ).end()
    }
    let note = "millrace: the runner is not reachable; reading the record in `\(state.path)`\n"
    let table = "FATE             TIMES\nran                  1\nskipped-overlap      3\n"
    #expect(try stats() == .init(code: 0, out: table, error: note))
    #expect(try stats("noop").out == table)
    let json = try stats("-o", "json").out
    let page = try Wire.decoder().decode(StatisticsPage.self, from: Data(json.utf8))
    #expect(page == StatisticsPage(handlers: [], fates: [.ran: 1, .skippedOverlap: 3], window: 200))
    #expect(try stats("nobody").code == 4)
  }

  @Test("what is not on record is 4, with a near name; what changes something needs the runner")
  func missing() async throws {
    let state = try await Self.state()
    let unknown = try schedule(state, "show", "hourli")
    #expect(unknown.code == 4)
    #expect(unknown.error.contains("there is no schedule `hourli` on record, did you mean `hourly`?"))
    for arguments in [
      ["run-now", "hourly"], ["pause", "hourly"], ["resume", "hourly"], ["remove", "hourly"],
      ["edit", "hourly", "--every", "5m"], ["add", "n", "exec", "--every", "5m"], ["preview", "hourly"],
      ["backfill", "hourly", "--from", "2026-01-01", "--to", "2026-01-02"],
    ] {
      let outcome = try Program(
        ["schedule"] + arguments + ["--socket", state.path + "/none"], path: Program.path
      ).end()
      #expect(outcome.code == 69, "\(arguments)")
    }
  }
}
