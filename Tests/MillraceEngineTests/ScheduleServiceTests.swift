import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Commands to schedules", .timeLimit(.minutes(1)))
struct ScheduleServiceTests {
  private static let hourly: [String: JSONValue] = ["cron": .string("0 * * * *")]

  @Test("a schedule that can't be is refused, and nothing of it stays")
  func refused() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("there", Self.hourly)
      let cases: [(String, [String: JSONValue], String)] = [
        ("there", Self.hourly, "there is a schedule `there` already"),
        ("zone", ["every": .string("1m"), "timezone": .string("Europe/Rigga")], "cannot use the time zone"),
        (
          "days", ["every": .string("1m"), "exclude_calendars": .array([.string("none")])],
          "no calendar `none`"
        ),
        ("never", ["at": .string("2026-01-01"), "until": .string("2025-01-01")], "it is never due"),
        ("past", ["at": .string("2025-12-31")], "`at` has passed"),
        ("over", ["every": .string("1m"), "until": .string("2025-12-31")], "`until` has passed"),
        ("job", ["every": .string("1m"), "job": .object(["handler": .string("werk")])], "no handler `werk`"),
        (
          "large",
          ["every": .string("1m"), "job": .object(["handler": .string("work"), "memory": .string("2T")])],
          "the most that can be had"
        ),
      ]
      for (name, members, words) in cases {
        let refusal = await bench.refusal { try await bench.add(name, members) }
        #expect(refusal?.message.contains(words) == true, "\(name): \(refusal?.message ?? "taken")")
      }
      #expect(await bench.engine.schedules().map(\.schedule.definition.name) == ["there"])
      #expect(try await bench.store.schedules().count == 1)
    }
  }

  @Test("an edited schedule keeps its rows; its times count from then on")
  func edit() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", ["every": .string("1m")])
      try await bench.turn(to: 60, rows: 1, of: "tick")
      let edited = try await bench.engine.edit("tick", to: ScheduleBench.definition("tick", Self.hourly))
      #expect(edited.next?.time.time == Sample.time(3600))
      bench.bench.clock.advance(by: .seconds(3540))
      #expect(try await bench.rows(2, of: "tick").map(\.tick.nominal) == [60, 3600].map(Sample.time))
      let other = try ScheduleBench.definition("tock", Self.hourly)
      let old = try ScheduleBench.definition("tick", ["every": .string("1m")])
      for revisions in [[old.revision], []] as [Set<String>] {
        let edit = { _ = try await bench.engine.edit("tick", to: old, from: revisions) }
        #expect(await bench.refusal(edit)?.kind == .changed)
        let removal = { try await bench.engine.remove(schedule: "tick", of: revisions) }
        #expect(await bench.refusal(removal)?.kind == .changed)
      }
      #expect(await bench.refusal { _ = try await bench.engine.edit("tick", to: other) }?.kind == .invalid)
      #expect(await bench.refusal { _ = try await bench.engine.edit("tock", to: other) }?.kind == .notFound)
    }
  }

  @Test("fates are counted over all schedules, or those whose jobs have a handler")
  func fates() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", ["every": .string("1m")])
      try await bench.add(
        "tock", ["every": .string("2m"), "job": .object(["handler": .string("other")])])
      try await bench.turn(to: 60, rows: 1, of: "tick")
      try await bench.turn(to: 120, rows: 2, of: "tick")
      #expect(try await bench.engine.fates(handler: nil) == [.ran: 2, .skippedOverlap: 1])
      #expect(try await bench.engine.fates(handler: "other") == [.ran: 1])
      #expect(await bench.engine.learningWindow == 200)
    }
  }

  @Test("a removed schedule does nothing more; its name is free and its rows stay")
  func remove() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      let old = try await bench.add("tick", ["every": .string("1m")])
      try await bench.turn(to: 60, rows: 1, of: "tick")
      try await bench.engine.remove(schedule: "tick")
      #expect(await bench.refusal { try await bench.engine.remove(schedule: "tick") }?.kind == .notFound)
      let new = try await bench.add("tick", Self.hourly)
      bench.bench.clock.advance(by: .seconds(120))
      try await bench.bench.settle()
      let rows = try await bench.store.ticks(matching: TickFilter(schedule: old.id))
      #expect(new.id != old.id && rows.count == 1)
    }
  }

  @Test("run-now makes a job beside the times, whatever runs")
  func runNow() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", Self.hourly)
      bench.bench.clock.advance(by: .milliseconds(1500))
      let first = try await bench.engine.runNow("tick").job
      bench.bench.clock.advance(by: .milliseconds(1))
      let second = try await bench.engine.runNow("tick").job
      let rows = try await bench.rows(2, of: "tick")
      #expect(rows.map(\.tick.fate) == [.manual, .manual] && rows.map(\.tick.job) == [first, second])
      #expect(try await bench.engine.schedule(named: "tick").next?.time.time == Sample.time(3600))
    }
  }

  @Test("run-now with a key makes a job once, also if that one was submitted by somebody else")
  func runNowOnce() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", Self.hourly)
      let first = try await bench.engine.runNow("tick", key: JobKey("once"))
      bench.bench.clock.advance(by: .seconds(1))
      let again = try await bench.engine.runNow("tick", key: JobKey("once"))
      #expect(first.isNew && !again.isNew && again.job == first.job)
      #expect(try await bench.rows(1, of: "tick").map(\.tick.job) == [first.job])
      var request = JobRequest(handler: "work")
      request.key = JobKey("other")
      let other = try await bench.engine.submit([request])
      let found = try await bench.engine.runNow("tick", key: JobKey("other"))
      #expect([found.job] == other && !found.isNew)
      // It is not the schedule's.
      #expect(try await !bench.engine.schedule(named: "tick").unfinished.contains(found.job))
      let refusal = await bench.refusal { _ = try await bench.engine.runNow("tick", key: JobKey("")) }
      #expect(refusal?.kind == .invalid)
    }
  }

  @Test("a backfill makes the jobs of times that have none, one after the other")
  func backfill() async throws {
    let record = MemoryJobStore()
    let first = ScheduleBench(record: record)
    try await first.bench.run {
      try await first.add("tick", ["cron": .string("0 * * * *"), "catch_up": .string("none")])
      try await first.turn(to: 3600, rows: 1, of: "tick")
    }
    let bench = ScheduleBench(at: 4 * 3600 + 60, record: record)
    try await bench.bench.run {
      try await bench.rows(4, of: "tick")
      let range = BackfillRange(from: .instant(Sample.time(3600)), to: .instant(Sample.time(3 * 3600)))
      let backfill = try await bench.engine.backfill("tick", range)
      #expect(
        backfill.existing == 1 && backfill.ticks.map(\.nominal) == [2, 3].map { Sample.time($0 * 3600) })
      let rows = try await bench.rows(4, of: "tick")
      #expect(rows.map(\.tick.fate) == [.ran, .caughtUp, .caughtUp, .missedDown])
      #expect(rows[1].tick.note == "by hand; it was missed-down")
      #expect(rows[1].state != .blocked && rows[2].state == .blocked)
      let again = try await bench.engine.backfill("tick", range)
      #expect(again.existing == 3 && again.ticks.isEmpty)
      let future = BackfillRange(from: .instant(Sample.time(0)), to: .instant(Sample.time(99_999)))
      #expect(await bench.refusal { _ = try await bench.engine.backfill("tick", future) }?.kind == .invalid)
    }
  }

  @Test("schedules in files are added, changed and removed with them, and can't be changed otherwise")
  func files() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("mine", Self.hourly)
      let tick = try ScheduleBench.definition("tick", ["every": .string("1m")])
      let taken = try ScheduleBench.definition("mine", ["every": .string("1m")])
      bench.source.publish([(tick, "tick.yaml"), (taken, "mine.yaml")])
      while await bench.engine.schedules().count < 2 { await Task.yield() }
      try await bench.turn(to: 60, rows: 1, of: "tick")
      #expect(await bench.engine.schedules().map(\.schedule.file) == [nil, "tick.yaml"])
      #expect(
        await bench.engine.status().notices.map(\.text).contains(
          "`mine.yaml`: a command added a schedule `mine`; remove that, or rename this one"))
      #expect(await bench.refusal { try await bench.engine.remove(schedule: "tick") }?.kind == .conflict)
      bench.source.publish([(try ScheduleBench.definition("tick", Self.hourly), "tick.yaml")])
      try await bench.bench.settle()
      while try await bench.engine.schedule(named: "tick").next?.time.time != Sample.time(3600) {
        await Task.yield()
      }
      bench.source.publish([])
      while await bench.engine.schedules().count > 1 { await Task.yield() }
      #expect(await bench.engine.schedules().map(\.schedule.definition.name) == ["mine"])
    }
  }

  @Test("a schedule whose file can't be read when the runner starts goes on as it is on record")
  func unreadableFile() async throws {
    let (record, files) = try await Self.recorded(["/s/bad.yaml", "/s/gone.yaml"])
    let bench = ScheduleBench(at: 90, record: record, unreadable: ["/s/bad.yaml"])
    try await bench.bench.run {
      let before = try #require(files["bad"])
      try await bench.turn(to: 120, rows: 2, of: "bad")
      #expect(try await bench.schedule("bad", runs: 2).id == before.id)
      #expect(await bench.engine.schedules().count == 1)
      bench.source.publish([(before.definition, "/s/bad.yaml")])
      try await bench.turn(to: 180, rows: 3, of: "bad")
      #expect(await bench.engine.schedules().map(\.schedule.id) == [before.id])
      bench.source.publish([])
      while await !bench.engine.schedules().isEmpty { await Task.yield() }
      #expect(try await bench.store.schedules().isEmpty)
    }
  }

  @Test("all below a directory that can't be read stays, what is beside it does not")
  func unreadableDirectory() async throws {
    let (record, files) = try await Self.recorded(["/a/b/one.yaml", "/a/b/c/two.yaml", "/a/bc/three.yaml"])
    let bench = ScheduleBench(at: 90, record: record, unreadable: ["/a/b"])
    try await bench.bench.run {
      try await bench.turn(to: 120, rows: 2, of: "one")
      let standing = await bench.engine.schedules()
      #expect(standing.map(\.schedule.id) == [files["one"]?.id, files["two"]?.id])
    }
  }

  /// Has schedules of these files run each minute until 00:01:00, and the runner stop.
  private static func recorded(
    _ files: [String]
  ) async throws -> (record: MemoryJobStore, schedules: [String: Schedule]) {
    let record = MemoryJobStore()
    let bench = ScheduleBench(record: record)
    var schedules: [String: Schedule] = [:]
    try await bench.bench.run {
      let names = files.map { String($0.split(separator: "/").last?.dropLast(".yaml".count) ?? "") }
      let members: [String: JSONValue] = ["every": .string("1m"), "overlap": .string("allow")]
      bench.source.publish(try zip(names, files).map { (try ScheduleBench.definition($0, members), $1) })
      while await bench.engine.schedules().count < files.count { await Task.yield() }
      bench.bench.clock.advance(by: .seconds(60))
      for name in names {
        try await bench.rows(1, of: name)
        schedules[name] = try await bench.schedule(name, runs: 1)
      }
    }
    return (record, schedules)
  }

  @Test("a calendar that changes changes the next time")
  func calendars() async throws {
    let bench = ScheduleBench(calendars: ["holidays": DayCalendar([])])
    try await bench.bench.run {
      try await bench.add(
        "daily", ["cron": .string("0 3 * * *"), "exclude_calendars": .array([.string("holidays")])])
      let day = try #require(CivilDate(year: 2026, month: 1, day: 1)).daysSinceEpoch
      bench.source.change { $0.calendars["holidays"] = DayCalendar([day...day]) }
      while try await bench.engine.schedule(named: "daily").next?.fate != .skippedCalendar {
        await Task.yield()
      }
      bench.bench.clock.advance(by: .seconds(3 * 3600))
      #expect(try await bench.fates(1, of: "daily") == [.skippedCalendar])
    }
  }
}
