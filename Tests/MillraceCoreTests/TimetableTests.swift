import MillraceCore
import Testing

@Suite("A timetable")
struct TimetableTests {
  @Test("runs what is due, once, and tells when something is due next")
  func punctual() throws {
    var rig = try TimetableRig()
    try rig.add(["cron": .string("30 2 * * *")], created: "2026-06-01 12:00")
    #expect(rig.table.nextTime == (try rig.time("2026-06-02 02:30")))
    #expect(try rig.run(at: "2026-06-02 02:29:59") == [])
    #expect(try rig.run(at: "2026-06-02 02:30:10") == ["06-02T02:30:00+02:00 ran"])
    #expect(try rig.run(at: "2026-06-02 02:30:20") == [])
    #expect(rig.table.nextTime == (try rig.time("2026-06-03 02:30")))
    #expect(rig.table.schedule(named: "s1")?.runs == 1)
    let decided = try #require(rig.table.schedule(ScheduleID(1))?.decided)
    #expect(decided == (try rig.time("2026-06-02 02:30")))
  }

  @Test("a paused schedule makes rows and no jobs, whatever else speaks against them")
  func paused() throws {
    var rig = try TimetableRig(calendars: ["all": DayCalendar([0...100_000])])
    try rig.add(
      ["cron": .string("@daily"), "exclude_calendars": .array([.string("all")])], created: "2026-06-01 12:00")
    rig.change { $0.paused = $0.created }
    #expect(
      try rig.run(at: "2026-06-03 12:00")
        == ["06-02T00:00:00+02:00 skipped-paused", "06-03T00:00:00+02:00 skipped-paused"])
    rig.change { $0.paused = nil }
    #expect(
      try rig.run(at: "2026-06-04 12:00")
        == ["06-04T00:00:00+02:00 skipped-calendar - 2026-06-04 is in `all`"])
  }

  @Test("behind its window nothing is made up for")
  func window() throws {
    var rig = try TimetableRig(upSince: "2026-06-05 12:00")
    try rig.add(
      ["cron": .string("0 */6 * * *"), "catch_up": .string("all"), "window": .string("8h")],
      created: "2026-06-05 00:00")
    #expect(
      try rig.run(at: "2026-06-05 14:30") == [
        "06-05T06:00:00+02:00 skipped-window - 8 h 30 min late; its window is 8 h 0 min",
        "06-05T12:00:00+02:00 late - 2 h 30 min late",
      ])
  }

  @Test("what the runner was down for is made up for as the schedule says")
  func catchUp() throws {
    let expected = [
      "none": ["missed-down", "missed-down", "missed-down"],
      "latest": [
        "missed-down - only the last time is made up for",
        "missed-down - only the last time is made up for", "caught-up - 8 h 30 min late",
      ],
      "all": [
        "caught-up - 2 d 8 h late", "caught-up - 1 d 8 h late", "caught-up - 8 h 30 min late",
      ],
    ]
    for (policy, fates) in expected {
      var rig = try TimetableRig(upSince: "2026-06-04 08:29")
      try rig.add(["cron": .string("@daily"), "catch_up": .string(policy)], created: "2026-06-01 12:00")
      let days = ["02", "03", "04"]
      #expect(
        try rig.run(at: "2026-06-04 08:30") == zip(days, fates).map { "06-\($0)T00:00:00+02:00 \($1)" })
    }
  }

  @Test("an earlier time does not run if a later one is due, be that one punctual")
  func latest() throws {
    var rig = try TimetableRig(upSince: "2026-06-04 12:00")
    try rig.add(["cron": .string("0 * * * *")], created: "2026-06-04 10:30")
    #expect(
      try rig.run(at: "2026-06-04 12:00:05") == [
        "06-04T11:00:00+02:00 missed-down - only the last time is made up for", "06-04T12:00:00+02:00 ran",
      ])
  }

  @Test("what the runner was there for and could not do is late")
  func late() throws {
    let slept =
      "missed-down - the runner could not act: the machine slept, the clock was set, or the record could "
      + "not be written"
    for policy in ["none", "latest", "all"] {
      var rig = try TimetableRig()
      try rig.add(["cron": .string("0 * * * *"), "catch_up": .string(policy)], created: "2026-06-04 10:30")
      let first = policy == "all" ? "late - 1 h 10 min late" : slept
      #expect(
        try rig.run(at: "2026-06-04 12:10") == [
          "06-04T11:00:00+02:00 \(first)", "06-04T12:00:00+02:00 late - 10 min 0 s late",
        ])
    }
  }

  @Test("while an earlier job has not ended, what was chosen happens", arguments: Overlap.allCases)
  func overlap(_ overlap: Overlap) throws {
    var rig = try TimetableRig()
    try rig.add(["cron": .string("@hourly"), "overlap": .string(overlap.rawValue)], created: "2026-06-04")
    for hour in ["01", "02", "03"] { try rig.run(at: "2026-06-04 \(hour):00", keepsJobs: true) }
    let second = rig.decisions[1]
    let third = rig.decisions[2]
    let one = [JobID(1)]
    switch overlap {
    case .allow:
      #expect(third.tick.fate == .ran && third.after == [] && third.cancels == [])
    case .skip:
      #expect(TimetableRig.shown(rig.ticks[2]).hasSuffix("skipped-overlap - job 1 had not ended"))
      #expect(rig.table.schedule(named: "s1")?.runs == 1)
    case .queue:
      #expect(second.after == one && third.after == [JobID(2)] && third.cancels == [])
    case .cancelRunning:
      #expect(second.cancels == one && second.after == one)
      #expect(third.cancels == [JobID(1), JobID(2)] && third.after == third.cancels)
    }
    #expect(rig.table.unfinishedJobs(of: ScheduleID(1)).count == (overlap == .skip ? 1 : 3))
  }
  typealias Overlap = ScheduleDefinition.Overlap

  @Test("of many times of a schedule that make jobs one is decided at a time, over all schedules in order")
  func order() throws {
    var rig = try TimetableRig(upSince: "2026-06-04 12:00")
    for (id, minute): (Int64, String) in [(1, "20"), (2, "10"), (3, "10")] {
      try rig.add(
        ["cron": .string("\(minute) * * * *"), "catch_up": .string(id == 3 ? "none" : "all")], id: id,
        created: "2026-06-04 08:00")
    }
    let now = try rig.time("2026-06-04 10:30")
    let decided = rig.table.decisions(at: now, upSince: rig.upSince, atMost: 100)
    #expect(
      decided.map { "\($0.tick.schedule) \($0.tick.local.dropFirst(11).prefix(5)) \($0.tick.fate)" } == [
        "2 08:10 caughtUp", "3 08:10 missedDown", "1 08:20 caughtUp", "3 09:10 missedDown",
        "3 10:10 missedDown",
      ])
    #expect(rig.table.decisions(at: now, upSince: rig.upSince, atMost: 2) == Array(decided.prefix(2)))
    #expect(rig.table.decisions(at: now, upSince: rig.upSince, atMost: 0) == [])
    #expect(rig.table.decisions(at: now, upSince: rig.upSince, atMost: 100) == decided)
  }

  @Test("a schedule ends with its last time and its last run")
  func bounds() throws {
    var rig = try TimetableRig()
    try rig.add(["cron": .string("@daily"), "until": .string("2026-06-03")], created: "2026-06-01 12:00")
    try rig.add(["cron": .string("@daily"), "max_runs": .integer(1)], id: 2, created: "2026-06-01 12:00")
    for day in 2...6 { try rig.run(at: "2026-06-0\(day)") }
    #expect(
      rig.ticks.map { "\($0.schedule) \($0.local.prefix(10)) \($0.fate)" } == [
        "1 2026-06-02 ran", "2 2026-06-02 ran", "1 2026-06-03 ran",
      ])
    #expect(rig.table.nextTime == nil)
    rig.change(id: 2) { $0.runs = 0 }
    #expect(rig.table.nextTime == (try rig.time("2026-06-03")))
  }

  @Test("spans count from when the schedule was made; a single time is due once")
  func spans() throws {
    var rig = try TimetableRig()
    try rig.add(["every": .string("90m")], created: "2026-06-04 08:00")
    try rig.add(["at": .string("2026-06-04 10:00")], id: 2, created: "2026-06-04 08:00")
    for time in ["09:30", "10:00", "11:00"] { try rig.run(at: "2026-06-04 \(time)") }
    #expect(
      rig.ticks.map { "\($0.schedule) \($0.local.dropFirst(11).prefix(5)) \($0.fate.rawValue)" } == [
        "1 09:30 ran", "2 10:00 ran", "1 11:00 ran",
      ])
    rig.table.remove(ScheduleID(1))
    #expect(rig.table.nextTime == nil)
  }

  @Test("more than 100,000 times of a span at once are one row, and the last of them stands for itself")
  func manyTimes() throws {
    var rig = try TimetableRig(upSince: "2026-06-04 12:00")
    try rig.add(["every": .string("1s")], created: "2026-06-01 12:00")
    #expect(
      try rig.run(at: "2026-06-04 12:00:30") == [
        "06-01T12:00:01+02:00 missed-down - this and 259228 more times up to 2026-06-04T12:00:29+02:00, "
          + "which have no rows of their own", "06-04T12:00:30+02:00 ran",
      ])
    rig.change { $0.paused = $0.created }
    let rows = try rig.run(at: "2026-06-06")
    #expect(rows.count == 2 && rows.allSatisfy { $0.contains("skipped-paused") })
  }

  @Test("a clock that is set back doubles nothing, one that is set forward drops nothing")
  func steps() throws {
    var rig = try TimetableRig()
    try rig.add(["cron": .string("@hourly"), "catch_up": .string("all")], created: "2026-06-04 08:30")
    try rig.run(at: "2026-06-04 10:00")
    #expect(try rig.run(at: "2026-06-04 08:00") == [])
    #expect(try rig.run(at: "2026-06-04 10:00") == [])
    #expect(try rig.run(at: "2026-06-04 12:00").count == 2)
    #expect(rig.ticks.map { $0.local.dropFirst(11).prefix(2) } == ["09", "10", "11", "12"])
  }

  @Test("jitter is drawn from its span, anew for each time, and the same again")
  func jitter() throws {
    var rig = try TimetableRig()
    try rig.add(["cron": .string("* * * * *"), "jitter": .string("30s")], created: "2026-06-04")
    for minute in 10...59 { try rig.run(at: "2026-06-04 00:\(minute)") }
    let drawn = rig.decisions.filter(\.tick.fate.hasJob).map(\.jitter)
    #expect(drawn.allSatisfy { (.zero ... .seconds(30)).contains($0) })
    #expect(Set(drawn).count > 40)
    var again = try TimetableRig()
    try again.add(["cron": .string("* * * * *"), "jitter": .string("30s")], created: "2026-06-04")
    for minute in 10...59 { try again.run(at: "2026-06-04 00:\(minute)") }
    #expect(again.decisions == rig.decisions)
  }

  @Test("zones and calendars that change or are missing count from then on")
  func surroundings() throws {
    var rig = try TimetableRig()
    let calendars = JSONValue.array([.string("free")])
    try rig.add(["cron": .string("0 6 * * *"), "exclude_calendars": calendars], created: "2026-06-04 08:00")
    try rig.add(
      ["cron": .string("0 8 * * *"), "timezone": .string("UTC")], id: 2, created: "2026-06-04 08:00")
    #expect(rig.table.nextTime == (try rig.time("2026-06-04 10:00")))
    let definition = try #require(rig.table.schedule(ScheduleID(1))?.definition)
    #expect(rig.table.missing(for: definition).calendars == ["free"])
    #expect(rig.table.missing(for: definition).zone == nil)
    var surroundings = rig.table.surroundings
    surroundings.calendars["free"] = DayCalendar([])
    surroundings.zones["UTC"] = nil
    rig.table.adopt(surroundings)
    #expect(rig.table.nextTime == (try rig.time("2026-06-05 06:00")))
    surroundings.zones[""] = try TestZones.rules("Asia/Tokyo")
    rig.table.adopt(surroundings)
    #expect(rig.table.nextTime == (try rig.time("2026-06-04 23:00")))
    let other = try #require(rig.table.schedule(ScheduleID(2)))
    #expect(rig.table.missing(for: other.definition).zone == "UTC")
    #expect(rig.table.plannedTimes(of: other, after: other.created, atMost: 1) == [])
  }

  @Test("schedules are told by name, a page at a time")
  func pages() throws {
    var rig = try TimetableRig()
    let base = try rig.schedule(["every": .string("1h")], created: "2026-06-04")
    func put(_ name: String, _ id: Int64) {
      var definition = base.definition
      definition.name = name
      rig.table.put(Schedule(id: ScheduleID(id), definition, created: base.created))
    }
    for number in 0..<Int64(3000) { put("n\(1000 + number * 7 % 3000)", number) }
    put("other", 1)  // It was n1007.
    put("n1014", 2)  // As it is.
    rig.table.remove(ScheduleID(3))  // It was n1021.
    func names(after name: String, atMost count: Int) -> [String] {
      rig.table.schedules(after: name, atMost: count).map(\.definition.name)
    }
    #expect(names(after: "", atMost: 2) == ["n1000", "n1001"])
    #expect(names(after: "n1006", atMost: 1) == ["n1008"])
    #expect(names(after: "n1007", atMost: 1) == ["n1008"])
    #expect(names(after: "n1013", atMost: 1) == ["n1014"])
    #expect(names(after: "n1020x", atMost: 1) == ["n1022"])
    #expect(names(after: "n3999", atMost: 5) == ["other"])
    #expect(names(after: "other", atMost: 5) == [])
    let all = rig.table.schedules.map(\.definition.name)
    #expect(all == all.sorted() && all.count == 2999)
  }

  @Test("of 100,000 schedules each is due when it shall be")
  func many() throws {
    var rig = try TimetableRig()
    let base = try rig.schedule(["every": .string("1h")], created: "2026-06-04")
    for number in 0..<Int64(100_000) {
      var definition = base.definition
      definition.name = "n\(number)"
      let created = base.created + .seconds(number * 7919 % 100_000)
      rig.table.put(Schedule(id: ScheduleID(number), definition, created: created))
    }
    #expect(rig.table.count == 100_000)
    var wall = base.created
    for _ in 0..<200 {
      let next = try #require(rig.table.nextTime)
      #expect(next >= wall)
      wall = next
      let decided = rig.table.decisions(at: wall, upSince: base.created, atMost: 10)
      #expect(decided.map(\.tick.nominal) == [wall])
      for decision in decided {
        #expect(decision.tick.nominal == decision.schedule.created + .seconds(3600))
        rig.table.put(decision.schedule)
      }
    }
    for number in stride(from: Int64(0), to: 100_000, by: 2) { rig.table.remove(ScheduleID(number)) }
    #expect(rig.table.count == 50_000)
    #expect(rig.table.nextTime.map { $0 > wall } == true)
  }
}
