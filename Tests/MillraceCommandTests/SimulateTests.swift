import FoundationEssentials
import MillraceCore
import MillraceEngine
import MillraceSimulator
import MillraceStore
import TestSupport
import Testing

@testable import millrace

@Suite("millrace simulate")
struct SimulateTests {
  private static let trace = """
    ; a made-up trace
    1 0 -1 100 6 -1 -1 6 100 -1 1 1 1 -1 -1 -1 -1 -1
    2 1 -1 100 8 -1 -1 8 100 -1 1 1 1 -1 -1 -1 -1 -1
    3 2 -1 98 4 -1 -1 4 98 -1 1 2 1 -1 -1 -1 -1 -1

    """

  private func millrace(_ arguments: String...) throws -> Program.Outcome {
    try Program(arguments, path: Program.path).end()
  }

  /// Returns the members of JSON output that are numbers.
  private func numbers(_ outcome: Program.Outcome) throws -> [String: Double] {
    try #require(outcome.code == 0, "\(outcome.error)")
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(outcome.out.utf8))
    return try #require(value.object).compactMapValues(\.number)
  }

  @Test("replays a trace: JSON with its figures, CSV with its starts")
  func traces() throws {
    let directory = try TemporaryDirectory()
    let (file, starts) = (directory.path + "/a.swf", directory.path + "/starts.csv")
    try Self.trace.write(toFile: file, atomically: false, encoding: .utf8)
    let easy = try millrace(
      "simulate", "--swf", file, "--processors", "10", "--policy", "easy", "--starts", starts, "-o", "json")
    let figures = try numbers(easy)
    let keys = [
      "jobs", "mean_wait", "max_wait", "mean_bounded_slowdown", "max_bounded_slowdown", "makespan",
      "utilisation",
    ]
    #expect(Set(figures.keys).isSuperset(of: keys))
    #expect(figures["jobs"] == 3)
    #expect(figures["mean_wait"] == 33)
    #expect(figures["makespan"] == 200)
    #expect(try String(contentsOfFile: starts, encoding: .utf8) == "job_id,start\n1,0\n2,100\n3,2\n")
    let two = try numbers(
      try millrace("simulate", "--swf", file, "--processors", "10", "--first", "2", "-o", "json"))
    #expect(two["jobs"] == 2)
  }

  @Test("puts two policies side by side")
  func against() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/a.swf"
    try Self.trace.write(toFile: file, atomically: false, encoding: .utf8)
    let table = try millrace(
      "simulate", "--swf", file, "--processors", "10", "--policy", "easy", "--against", "policy=fcfs")
    #expect(table.code == 0)
    #expect(table.out.hasPrefix("                              easy  policy=fcfs\n"))
    #expect(table.out.contains("\nmean wait                     33 s   1 min 39 s\n"))
  }

  @Test("says the line of a trace that can't be read, or leaves it out")
  func broken() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/a.swf"
    try (Self.trace + "4 nan\n").write(toFile: file, atomically: false, encoding: .utf8)
    let outcome = try millrace("simulate", "--swf", file, "--processors", "10")
    #expect(outcome.code == 2)
    #expect(outcome.error.hasPrefix("error: `\(file)` line 5: field 2 is no number"))
    let rest = try numbers(
      try millrace("simulate", "--swf", file, "--processors", "10", "--skip-broken", "-o", "json"))
    #expect(rest["jobs"] == 3)
    #expect(rest["broken_lines"] == 1)
  }

  @Test("replays tasks by what they ask for or by what is learned")
  func tasks() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/tasks.csv"
    let rows = (0..<40).map { "\($0),0,1,\(2 << 30),\(64 << 20),100,a\n" }
    try ("id,submit,cpus,requested_bytes,peak_bytes,duration,handler\n" + rows.joined())
      .write(toFile: file, atomically: false, encoding: .utf8)
    func makespan(_ admission: String) throws -> Double {
      let figures = try numbers(
        try millrace(
          "simulate", "--tasks", file, "--cpus", "16", "--memory", "8G", "--admission", admission, "-o",
          "json"))
      #expect(figures["out_of_memory_kills"] == 0)
      #expect(figures["evictions"] == 0)
      return try #require(figures["makespan"])
    }
    #expect(try makespan("requested") == 1000)
    #expect(try makespan("learned") <= 500)
    #expect(try millrace("simulate", "--tasks", file, "--cpus", "16").code == 2)
  }

  @Test("does a seed the same in two processes, and says what can't be set")
  func seeds() throws {
    let first = try millrace("simulate", "--seed", "7", "--trace")
    let second = try millrace("simulate", "--seed", "7", "--trace")
    #expect(first.code == 0)
    #expect(first.out.count > 10_000)
    let isSame = first.out == second.out
    #expect(isSame)
    let outcome = try millrace("simulate", "--seed", "7", "--set", "aging=-1m")
    #expect(outcome.code == 2)
    #expect(
      outcome.error
        == "error: `aging` can't be `-1m`\n\nhint: it is a span of time from 1 s to a year: `10m`\n")
  }

  @Test("tries schedules with many seeds, on one line or as JSON, and takes nothing of jobs with them")
  func schedules() throws {
    let table = try millrace("simulate", "--schedules", "--seeds", "3")
    #expect(table.code == 0)
    #expect(table.out.hasPrefix("3 seeds: ") && table.out.hasSuffix(", 0 violations\n"), "\(table.out)")
    let figures = try numbers(try millrace("simulate", "--schedules", "--seeds", "3", "-o", "json"))
    #expect(figures["seeds"] == 3 && figures["violations"] == 0)
    #expect(try #require(figures["nominal_times"]) > 100)
    let others = [["--swf", "a.swf", "--processors", "1"], ["--jobs", "9"], ["--cpus", "2"], ["--trace"]]
    for options in others {
      let outcome = try Program(["simulate", "--schedules"] + options, path: Program.path).end()
      #expect(outcome.code == 2)
      #expect(outcome.error.contains("`--schedules` goes with --seed, --seeds and --output alone"))
    }
  }

  @Test("fails with the seeds of what is wrong with schedules")
  func violations() {
    var trial = ScheduleTrial()
    trial.add(seed: 2, zones: ["UTC": .utc], flaw: .dawdles)
    let sheet = ScheduleTrialSheet(trial)
    let error = #expect(throws: CommandError.self) { try sheet.check() }
    #expect(error?.code == .jobFailed)
    #expect(error?.message.hasPrefix("seed 2: untimely: schedule 1 at ") == true, "\(sheet.line)")
  }

  @Test("replays one's own history on the machine that it was on, or on another one")
  func history() async throws {
    let directory = try TemporaryDirectory()
    let store = try SQLiteJobStore(opening: directory.path + "/millrace.db")
    let ids = try await store.submit([Sample.plain(), Sample.plain()], at: Sample.time(0))
    for id in ids {
      let attempt = Sample.attempt(id)
      let usage = Usage(memoryPeak: Bytes(1), cpuUser: .zero, cpuSystem: .zero)
      try await store.commit([
        .starting(attempt), .running(attempt.id, at: Sample.time(12)),
        .ended(
          attempt.id,
          AttemptEnd(outcome: .succeeded, ended: Sample.time(42), exit: .exited(code: 0), usage: usage),
          next: .done(.succeeded)),
      ])
    }
    try store.close()
    func replay(_ settings: String...) throws -> [String: Double] {
      let arguments = [
        "simulate", "--since", "2026-01-01", "--state-dir", directory.path, "--socket",
        directory.path + "/none",
        "--memory", "1G", "--cpus", "4", "-o", "json",
      ]
      return try numbers(try Program(arguments + settings, path: Program.path).end())
    }
    let wide = try replay("--set", "slots=4", "--set", "overcommit=10")
    #expect(wide["jobs"] == 2)
    #expect(wide["makespan"] == 30)
    #expect(try replay("--set", "slots=1", "--set", "overcommit=10")["makespan"] == 60)
  }
}
