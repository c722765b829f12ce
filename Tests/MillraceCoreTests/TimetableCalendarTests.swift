import MillraceCore
import Testing

@Suite("A timetable and calendars")
struct TimetableCalendarTests {
  /// Christmas of 2026, a Friday and a Saturday; and all weekdays of two weeks.
  private static func calendars() throws -> [String: DayCalendar] {
    func day(_ text: String) throws -> Int64 {
      let midnight = try #require(WrittenTime(text: text)).time(in: .utc)
      return try #require(ZoneRules.utc.local(midnight)).date.daysSinceEpoch
    }
    return [
      "holidays": DayCalendar([try day("2026-12-25")...(try day("2026-12-26"))]),
      "workdays": DayCalendar([
        try day("2026-12-21")...(try day("2026-12-25")), try day("2026-12-28")...(try day("2026-12-31")),
      ]),
      "ever": DayCalendar([try day("2026-12-25")...100_000]),
    ]
  }

  private static func rig(
    _ members: [String: JSONValue], created: String = "2026-12-24 12:00"
  ) throws -> TimetableRig {
    var rig = try TimetableRig(calendars: calendars())
    try rig.add(members, created: created)
    return rig
  }

  private static func names(_ name: String) -> JSONValue { .array([.string(name)]) }

  @Test("times on days that are not allowed are skipped")
  func skip() throws {
    var rig = try Self.rig([
      "cron": .string("0 6 * * *"), "exclude_calendars": Self.names("holidays"),
      "require_calendars": Self.names("workdays"),
    ])
    for day in 25...28 { try rig.run(at: "2026-12-\(day) 06:00") }
    #expect(
      rig.ticks.map(TimetableRig.shown) == [
        "12-25T06:00:00+01:00 skipped-calendar - 2026-12-25 is in `holidays`",
        "12-26T06:00:00+01:00 skipped-calendar - 2026-12-26 is in `holidays`",
        "12-27T06:00:00+01:00 skipped-calendar - 2026-12-27 is not in `workdays`",
        "12-28T06:00:00+01:00 ran",
      ])
  }

  @Test("or put off to the next day that is allowed, once, unless it is due then anyway")
  func nextAllowedDay() throws {
    var rig = try Self.rig([
      "cron": .string("0 6 * * fri,sat"), "exclude_calendars": Self.names("holidays"),
      "on_excluded_day": .string("next-allowed-day"),
    ])
    try rig.run(at: "2026-12-26 06:00")
    #expect(rig.table.schedule(named: "s1")?.postponed == [try rig.time("2026-12-27 06:00")])
    for day in 27...31 { try rig.run(at: "2026-12-\(day) 06:00") }
    try rig.run(at: "2027-01-01 06:00")
    #expect(
      rig.ticks.map(TimetableRig.shown) == [
        "12-25T06:00:00+01:00 skipped-calendar - 2026-12-25 is in `holidays`; "
          + "put off to 2026-12-27T06:00:00+01:00",
        "12-26T06:00:00+01:00 skipped-calendar - 2026-12-26 is in `holidays`; "
          + "put off to 2026-12-27T06:00:00+01:00",
        "12-27T06:00:00+01:00 ran - put off from 2 days, 2026-12-25 to 2026-12-26",
        "01-01T06:00:00+01:00 ran",
      ])
    #expect(rig.table.schedule(named: "s1")?.postponed == [])
    #expect(rig.table.schedule(named: "s1")?.runs == 2)

    var daily = try Self.rig([
      "cron": .string("0 6 * * *"), "exclude_calendars": Self.names("holidays"),
      "on_excluded_day": .string("next-allowed-day"),
    ])
    for day in 25...27 { try daily.run(at: "2026-12-\(day) 06:00") }
    #expect(daily.ticks.map(\.fate) == [.skippedCalendar, .skippedCalendar, .ran])
    #expect(daily.ticks.last?.note == nil)
  }

  @Test("a time that was put off is due though it lies before what is decided, and can be put off again")
  func postponed() throws {
    var rig = try Self.rig([
      "cron": .string("0 6 * * fri"), "exclude_calendars": Self.names("holidays"),
      "on_excluded_day": .string("next-allowed-day"),
    ])
    try rig.run(at: "2026-12-25 06:00")
    let later = try rig.time("2026-12-29 06:00")
    rig.change { $0.decided = later }
    let calendar = try #require(try Self.calendars()["ever"])
    var surroundings = rig.table.surroundings
    surroundings.calendars["holidays"] = calendar
    var other = rig
    other.table.adopt(surroundings)
    #expect(
      try rig.run(at: "2026-12-27 06:00") == ["12-27T06:00:00+01:00 ran - put off from 2026-12-25"])
    #expect(rig.table.schedule(named: "s1")?.decided == later)
    #expect(
      try other.run(at: "2026-12-27 06:00") == [
        "12-27T06:00:00+01:00 skipped-calendar - put off from 2026-12-25; 2026-12-27 is in `holidays`; "
          + "no day of the next ten years is allowed"
      ])
  }

  @Test("of the times of a down time the last that is allowed is made up for")
  func catchUp() throws {
    for (otherwise, last) in [("skip", "12-24"), ("next-allowed-day", "12-27")] {
      var rig = try Self.rig(
        [
          "cron": .string("0 6 23-25 12 *"), "exclude_calendars": Self.names("holidays"),
          "on_excluded_day": .string(otherwise),
        ], created: "2026-12-22")
      rig.upSince = try rig.time("2026-12-28")
      let rows = try rig.run(at: "2026-12-28")
      #expect(rows.filter { $0.contains("caught-up") }.map { $0.prefix(5) } == [Substring(last)])
      #expect(rows.count == (otherwise == "skip" ? 3 : 4))
    }
  }

  @Test("the schedule's end holds for what is put off too")
  func until() throws {
    var rig = try Self.rig([
      "at": .string("2026-12-25 06:00"), "exclude_calendars": Self.names("holidays"),
      "on_excluded_day": .string("next-allowed-day"), "until": .string("2026-12-27"),
    ])
    #expect(
      try rig.run(at: "2026-12-25 06:00") == [
        "12-25T06:00:00+01:00 skipped-calendar - 2026-12-25 is in `holidays`; "
          + "the schedule ends before the next day that is allowed"
      ])
    #expect(rig.table.nextTime == nil)
  }

  @Test("a plan says what calendars will do, as far as runs and days go")
  func plan() throws {
    let rig = try Self.rig([
      "cron": .string("0 6 * * fri,sun"), "exclude_calendars": Self.names("holidays"),
      "on_excluded_day": .string("next-allowed-day"), "max_runs": .integer(2),
    ])
    let schedule = try #require(rig.table.schedule(named: "s1"))
    let planned = rig.table.plannedTimes(of: schedule, after: schedule.created, atMost: 10)
    #expect(
      planned.map(TimetableRig.shown) == [
        "12-25T06:00:00+01:00 skipped-calendar - 2026-12-25 is in `holidays`; "
          + "put off to 2026-12-27T06:00:00+01:00", "12-27T06:00:00+01:00 due", "01-01T06:00:00+01:00 due",
      ])
    #expect(
      rig.table.plannedTimes(of: schedule, after: try rig.time("2026-12-26"), atMost: 1).map(\.time.text)
        == ["2026-12-27T06:00:00+01:00"])
  }

  @Test("the times of a span are those that make jobs, its ends included")
  func span() throws {
    let rig = try Self.rig([
      "cron": .string("0 6 * * thu,fri"), "exclude_calendars": Self.names("holidays"),
      "on_excluded_day": .string("next-allowed-day"),
    ])
    let schedule = try #require(rig.table.schedule(named: "s1"))
    func times(_ from: String, _ through: String, _ count: Int = 100) throws -> [Substring] {
      try rig.table.nominalTimes(
        of: schedule, from: rig.time(from), through: rig.time(through), atMost: count
      ).map { $0.text.dropFirst(5).prefix(8) }
    }
    #expect(
      try times("2026-12-18 06:00", "2026-12-31 06:00") == ["12-18T06", "12-24T06", "12-27T06", "12-31T06"])
    #expect(try times("2026-12-18 06:00:01", "2026-12-31 05:59:59") == ["12-24T06", "12-27T06"])
    #expect(try times("2026-12-18", "2026-12-31 06:00", 1) == ["12-18T06"])
    #expect(try times("2026-12-31", "2026-12-18") == [])
  }

  @Test("ranges of days may overlap; a day is found in them and behind them")
  func days() throws {
    let calendar = DayCalendar([20...30, 5...9, 10...12, 25...40])
    let days = try (0...50).filter { calendar.contains(try #require(CivilDate(daysSinceEpoch: $0))) }
    #expect(days == Array(5...12) + Array(20...40))
    #expect(!DayCalendar([]).contains(try #require(CivilDate(daysSinceEpoch: 0))))
  }
}
