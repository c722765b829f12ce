import MillraceCore
import Testing

@Suite("A timetable and daylight saving")
struct TimetableDaylightTests {
  /// The rows of some days, decided minute by minute.
  private static func rows(
    _ cron: String, _ zone: String, from: String, through: String, _ more: [String: JSONValue] = [:]
  ) throws -> [String] {
    var rig = try TimetableRig(zone)
    try rig.add(["cron": .string(cron)].merging(more) { $1 }, created: from)
    let end = try rig.time(through)
    var rows: [String] = []
    while let next = rig.table.nextTime, next <= end {
      let text = try #require(ZoneRules.utc.local(next)).text + "Z"
      rows += try rig.run(at: text)
    }
    return rows
  }

  private static let skip: [String: JSONValue] = ["dst_gap": .string("skip")]
  private static let both: [String: JSONValue] = ["dst_repeat": .string("both")]
  private static let first = " - the first of two times that the clock shows this"
  private static let second = " - the second of two times that the clock shows this"

  /// A change of the clock: a fixed time that is in the gap, and what becomes of it.
  private struct Night {
    var zone, cron, from, through: String
    var usual: [String]
    var otherwise: [String]
  }

  private static let gaps = [
    Night(
      zone: "Europe/Berlin", cron: "30 2 * * *", from: "2026-03-28 12:00", through: "2026-03-30 12:00",
      usual: [
        "03-29T03:00:00+02:00 ran - moved from 02:30, which the clock skips", "03-30T02:30:00+02:00 ran",
      ],
      otherwise: ["03-29T03:00:00+02:00 skipped-gap - the clock skips 02:30", "03-30T02:30:00+02:00 ran"]),
    Night(
      zone: "America/New_York", cron: "0,30 2,3 * * *", from: "2026-03-08 00:00", through: "2026-03-08 12:00",
      usual: [
        "03-08T03:00:00-04:00 ran - also for 02:00, which the clock skips", "03-08T03:30:00-04:00 ran",
      ],
      otherwise: ["03-08T03:00:00-04:00 ran", "03-08T03:30:00-04:00 ran"]),
    Night(
      zone: "Australia/Lord_Howe", cron: "15 2 * * *", from: "2026-10-04 00:00", through: "2026-10-05 12:00",
      usual: [
        "10-04T02:30:00+11:00 ran - moved from 02:15, which the clock skips", "10-05T02:15:00+11:00 ran",
      ],
      otherwise: ["10-04T02:30:00+11:00 skipped-gap - the clock skips 02:15", "10-05T02:15:00+11:00 ran"]),
    Night(
      zone: "Africa/Casablanca", cron: "10 2 * * *", from: "2026-03-21 12:00", through: "2026-03-23 12:00",
      usual: [
        "03-22T03:00:00+01:00 ran - moved from 02:10, which the clock skips", "03-23T02:10:00+01:00 ran",
      ],
      otherwise: ["03-22T03:00:00+01:00 skipped-gap - the clock skips 02:10", "03-23T02:10:00+01:00 ran"]),
  ]

  @Test(
    "a fixed time that the clock skips runs when the gap ends, or is a row without a job",
    arguments: gaps.indices)
  func gap(_ index: Int) throws {
    let night = Self.gaps[index]
    let usual = try Self.rows(night.cron, night.zone, from: night.from, through: night.through)
    #expect(usual == night.usual)
    let otherwise = try Self.rows(night.cron, night.zone, from: night.from, through: night.through, Self.skip)
    #expect(otherwise == night.otherwise)
  }

  private static let repeats = [
    Night(
      zone: "Europe/Berlin", cron: "30 2 * * *", from: "2026-10-24 12:00", through: "2026-10-25 12:00",
      usual: ["10-25T02:30:00+02:00 ran" + first, "10-25T02:30:00+01:00 doubled-hour" + second],
      otherwise: ["10-25T02:30:00+02:00 ran" + first, "10-25T02:30:00+01:00 ran" + second]),
    Night(
      zone: "America/New_York", cron: "30 1 * * *", from: "2026-11-01 00:00", through: "2026-11-01 12:00",
      usual: ["11-01T01:30:00-04:00 ran" + first, "11-01T01:30:00-05:00 doubled-hour" + second],
      otherwise: ["11-01T01:30:00-04:00 ran" + first, "11-01T01:30:00-05:00 ran" + second]),
    Night(
      zone: "Australia/Lord_Howe", cron: "0,45 1 * * *", from: "2026-04-05 00:00",
      through: "2026-04-05 12:00",
      usual: [
        "04-05T01:00:00+11:00 ran", "04-05T01:45:00+11:00 ran" + first,
        "04-05T01:45:00+10:30 doubled-hour" + second,
      ],
      otherwise: [
        "04-05T01:00:00+11:00 ran", "04-05T01:45:00+11:00 ran" + first, "04-05T01:45:00+10:30 ran" + second,
      ]),
    Night(
      zone: "Africa/Casablanca", cron: "30 2 * * *", from: "2026-02-14 12:00", through: "2026-02-15 12:00",
      usual: ["02-15T02:30:00+01:00 ran" + first, "02-15T02:30:00+00:00 doubled-hour" + second],
      otherwise: ["02-15T02:30:00+01:00 ran" + first, "02-15T02:30:00+00:00 ran" + second]),
  ]

  @Test("a fixed time that the clock shows twice runs once, or both times", arguments: repeats.indices)
  func `repeat`(_ index: Int) throws {
    let night = Self.repeats[index]
    let usual = try Self.rows(night.cron, night.zone, from: night.from, through: night.through)
    #expect(usual == night.usual)
    let otherwise = try Self.rows(night.cron, night.zone, from: night.from, through: night.through, Self.both)
    #expect(otherwise == night.otherwise)
  }

  @Test("what follows the clock has no row for what it skips, and two for what it shows twice")
  func star() throws {
    #expect(
      try Self.rows("*/30 2 * * *", "Europe/Berlin", from: "2026-03-28 12:00", through: "2026-03-29 12:00")
        == [])
    #expect(
      try Self.rows("*/30 2 * * *", "Europe/Berlin", from: "2026-10-25", through: "2026-10-25 12:00").count
        == 4)
  }

  @Test("a plan says what the clock takes away")
  func plan() throws {
    let rig = try TimetableRig()
    let schedule = try rig.schedule(
      ["cron": .string("30 2 * * *"), "dst_gap": .string("skip")], created: "2026-03-28 12:00")
    #expect(
      rig.table.plannedTimes(of: schedule, after: schedule.created, atMost: 2).map(TimetableRig.shown) == [
        "03-29T03:00:00+02:00 skipped-gap - the clock skips 02:30", "03-30T02:30:00+02:00 due",
      ])
    #expect(
      rig.table.nominalTimes(
        of: schedule, from: schedule.created, through: try rig.time("2026-03-30 12:00"), atMost: 9
      ).map(\.text) == ["2026-03-30T02:30:00+02:00"])
  }
}
