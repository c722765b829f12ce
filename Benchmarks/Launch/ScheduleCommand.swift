import ArgumentParser
import GRDB
import MillraceClient
import MillraceCore
import MillraceEngine
import MillraceLinux
import MillraceStore
import MillraceWire

/// `schedules`: what many schedules cost: a new runner, the search for what is due next, lists, a runner at
/// rest.
struct ScheduleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedules",
    abstract: "Measure many schedules: start-up, decisions, lists, a runner at rest.")

  @OptionGroup var runner: RunnerOptions
  @Option(help: "How the lane of the runner is called in the table.") var lane: String
  @Option(help: "How many schedules.") var schedules = 100_000
  @Option(help: "How often each is measured.") var rounds = 3
  @Option(help: "How many decisions are measured.") var decisions = 20_000
  @Option(help: "For how many seconds the runner is watched at rest.") var rest = 10

  private static let few = 1000
  /// So many decisions are timed together: one is too short.
  private static let together = 100
  private static let clock = ContinuousClock()

  /// The record that is made.
  private var file: String { runner.directory + ".db" }

  func run() async throws {
    let made = try LinuxWallClock().now().wholeSecond
    try await MadeSchedules.record(schedules, made: made, in: file)
    let plain = try await measureReading()
    try await measureStart(plain: plain)
    try measureDecisions(made: made)
    try await measureRunner()
  }

  /// The rows of the schedules, as SQLite gives them, and as schedules.
  private func measureReading() async throws -> Times {
    var (plain, read) = (Times(), Times())
    let queue = try DatabaseQueue(path: file)
    let store = try SQLiteJobStore(opening: file)
    for _ in 0..<rounds {
      plain.add([try await time { try await queue.read(Self.readRows) }])
      read.add([try await time { _ = try await store.schedules() }])
    }
    try store.close()
    try queue.close()
    show("\(schedules) schedules read from the record, against their rows", read, beside: plain)
    return plain
  }

  private static let readRows: @Sendable (Database) throws -> Void = { db in
    let rows = try GRDB.Row.fetchCursor(
      db,
      sql: """
        SELECT id, name, definition, file, created, decided, paused, runs, postponed FROM schedule
        WHERE removed IS NULL ORDER BY name
        """)
    var bytes = 0
    while let row = try rows.next() {
      bytes += (row[1] as String).utf8.count + (row[2] as String).utf8.count
      bytes += (row[8] as String).utf8.count
    }
    guard bytes > 0 else { throw BenchmarkError("there are no schedules in the record") }
  }

  /// A new runner: from the opening of the database to the start of a job that was missed.
  private func measureStart(plain: Times) async throws {
    let wall = try LinuxWallClock()
    var times = Times()
    for round in 0..<rounds {
      let now = wall.now()
      let store = try SQLiteJobStore(opening: file)
      _ = try await store.change(
        .add(
          try MadeSchedules.overdue("overdue-\(round)", at: now), file: nil, created: now - .seconds(3600)),
        at: now)
      try store.close()
      times.add([
        try await time {
          _ = try await StubRunner.firstStart(in: file) {
            Engine.ScheduleParts(store: $0, source: ZonesOnly(), files: NoDirectories(), wall: wall)
          }
        }
      ])
    }
    let perSchedule = fixed(Double(times.median) / Double(schedules) / 1000, decimals: 1)
    show(
      "a runner with \(schedules) schedules: database opened to the start of a job that was missed, "
        + "against reading the rows", times, beside: plain, " (\(perSchedule) µs a schedule)")
  }

  /// What is due first is decided, and its next time is found, one after the other.
  private func measureDecisions(made: Timestamp) throws {
    let few = try timesOfDecisions(with: Self.few, made: made)
    let many = try timesOfDecisions(with: schedules, made: made)
    Row(
      what: "a decision with \(schedules) schedules, against \(Self.few)", lane: "native",
      measured: Self.text(many), limit: Self.text(few), ratio: Times.text(of: many.ratios(to: few)),
      target: "≤ 3"
    ).show()
  }

  private func timesOfDecisions(with count: Int, made: Timestamp) throws -> Times {
    let source = ZonesOnly()
    var surroundings = Timetable.Surroundings()
    for zone in MadeSchedules.zones { surroundings.zones[zone] = try source.zone(named: zone) }
    var timetable = Timetable(surroundings: surroundings)
    for schedule in try MadeSchedules.schedules(count, made: made) { timetable.put(schedule) }
    var times = Times()
    for _ in 0..<decisions / Self.together {
      let start = Self.clock.now
      for _ in 0..<Self.together {
        guard let next = timetable.nextTime else { throw BenchmarkError("nothing is due any more") }
        for decision in timetable.decisions(at: next, upSince: made, atMost: 1) {
          timetable.put(decision.schedule)
        }
      }
      times.add([start.nanosecondsSince / Int64(Self.together)])
    }
    return times
  }

  private static func text(_ times: Times) -> String {
    func text(_ nanoseconds: Int64) -> String { fixed(Double(nanoseconds) / 1000, decimals: 2) + " µs" }
    return "\(text(times.median)) (\(text(times.least)))"
  }

  /// A whole runner, in a process of its own: its list, and what it takes while nothing is due.
  private func measureRunner() async throws {
    var options = runner
    options.record = file
    let process = try await RunnerProcess(options)
    defer { process.stop() }
    _ = try process.client.schedules(after: nil, limit: 1)
    var times = Times()
    for _ in 0..<rounds {
      times.add([try await time { try list(from: process) }])
    }
    Row(what: "all \(schedules) schedules listed by the runner", lane: lane, measured: times.text).show()
    // Threads that have nothing to do any more end first.
    try await Task.sleep(for: .seconds(10))
    try await IdleProcess(name: "runner with \(schedules) schedules", pid: process.pid, mostResident: nil)
      .measure(seconds: rest, lane: lane)
  }

  private func list(from process: RunnerProcess) throws {
    var (count, last): (Int, String?) = (0, nil)
    repeat {
      let page = try process.client.schedules(after: last, limit: 1000)
      count += page.schedules.count
      last = page.next
    } while last != nil
    guard count >= schedules else { throw BenchmarkError("only \(count) schedules are listed") }
  }

  private func show(_ what: String, _ times: Times, beside plain: Times, _ more: String = "") {
    Row(
      what: what, lane: "native", measured: times.text + more, limit: plain.text,
      ratio: Times.text(of: times.ratios(to: plain))
    ).show()
  }

  /// Returns how many nanoseconds something takes.
  private func time(_ body: () async throws -> Void) async rethrows -> Int64 {
    let start = Self.clock.now
    try await body()
    return start.nanosecondsSince
  }
}
