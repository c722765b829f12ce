import MillraceCore
import Testing

@Suite("Daylight saving and cron")
struct DaylightSavingTests {
  /// Returns the next times, each with what daylight saving did to it.
  private static func times(
    _ text: String, _ zone: String, after start: String, _ count: Int = 3,
    _ rule: DaylightRule = DaylightRule()
  ) throws -> [String] {
    let (cron, rules) = (try CronExpression(text), try TestZones.rules(zone))
    var time = try #require(TestTime.time(start))
    return try (0..<count).map { _ in
      let next = try #require(try cron.next(after: time, in: rules, rule))
      time = next.time
      return String(next.text.dropFirst(8)) + (next.daylight.map { " \($0.text)" } ?? "")
    }
  }

  private static let first = " the first of two times that the clock shows this"
  private static let second = " the second of two times that the clock shows this"

  @Test("what is due in a gap runs when it ends, once for all of it")
  func gap() throws {
    #expect(
      try Self.times("30 3 * * *", "Europe/Riga", after: "2021-03-27T04:00:00+02:00", 2)
        == ["28T04:00:00+03:00 moved from 03:30, which the clock skips", "29T03:30:00+03:00"])
    #expect(
      try Self.times("*/20 * * * *", "Europe/Riga", after: "2021-03-28T02:30:00+02:00", 2)
        == ["28T02:40:00+02:00", "28T04:00:00+03:00"])
    #expect(
      try Self.times("10,50 3-4 * * *", "Europe/Riga", after: "2021-03-28T02:30:00+02:00", 2)
        == ["28T04:00:00+03:00 moved from 03:10, which the clock skips", "28T04:10:00+03:00"])
    #expect(
      try Self.times("0 3,4 * * *", "Europe/Riga", after: "2021-03-28T02:30:00+02:00", 2)
        == ["28T04:00:00+03:00 also for 03:00, which the clock skips", "29T03:00:00+03:00"])
    #expect(
      try Self.times("15 2 * * *", "Australia/Lord_Howe", after: "2017-10-01T01:44:59+10:30", 2)
        == ["01T02:30:00+11:00 moved from 02:15, which the clock skips", "02T02:15:00+11:00"])
  }

  @Test("what is due in a repeated hour runs the first time, a star both times")
  func `repeat`() throws {
    #expect(
      try Self.times("30 3 * * *", "Europe/Riga", after: "2021-10-31T00:00:00+03:00", 2)
        == ["31T03:30:00+03:00" + Self.first, "01T03:30:00+02:00"])
    #expect(
      try Self.times("30 */1 * * *", "Europe/Riga", after: "2021-10-31T03:00:00+03:00")
        == ["31T03:30:00+03:00" + Self.first, "31T03:30:00+02:00" + Self.second, "31T04:30:00+02:00"])
    #expect(
      try Self.times("45 1 * * *", "Australia/Lord_Howe", after: "2019-04-07T00:00:00+11:00", 2)
        == ["07T01:45:00+11:00" + Self.first, "08T01:45:00+10:30"])
  }

  @Test("can be told otherwise for fixed times, not for a star")
  func rules() throws {
    #expect(
      try Self.times(
        "30 3 * * *", "Europe/Riga", after: "2021-03-27T04:00:00+02:00", 1, DaylightRule(gap: .skip))
        == ["29T03:30:00+03:00"])
    let both = DaylightRule(repeat: .both)
    #expect(
      try Self.times("30 3 * * *", "Europe/Riga", after: "2021-10-31T00:00:00+03:00", 3, both)
        == ["31T03:30:00+03:00" + Self.first, "31T03:30:00+02:00" + Self.second, "01T03:30:00+02:00"])
    #expect(
      try Self.times("30 * * * *", "Europe/Riga", after: "2021-10-31T03:00:00+03:00", 2, DaylightRule())
        == ["31T03:30:00+03:00" + Self.first, "31T03:30:00+02:00" + Self.second])
  }

  @Test("a change of up to three hours is daylight saving, a larger one is not")
  func largeChanges() throws {
    // 30 December 2011 was left out.
    #expect(
      try Self.times("0 12 * * *", "Pacific/Apia", after: "2011-12-29T12:00:00-10:00", 2)
        == ["31T12:00:00+14:00", "01T12:00:00+14:00"])
    #expect(
      try Self.times("0 0 30 12 *", "Pacific/Apia", after: "2011-12-01T12:00:00-10:00", 1) == [
        "30T00:00:00+14:00"
      ])
    // From +8 to +11.
    #expect(
      try Self.times("30 3 * * *", "Antarctica/Casey", after: "2009-10-17T12:00:00+08:00", 1)
        == ["18T05:00:00+11:00 moved from 03:30, which the clock skips"])
    // Two hours, in Troll.
    #expect(
      try Self.times("30 2 * * *", "Antarctica/Troll", after: "2021-03-27T12:00:00+00:00", 1)
        == ["28T03:00:00+02:00 moved from 02:30, which the clock skips"])
    // A whole day twice, which is as long a row of days as any other.
    #expect(
      try Self.times("0 12 * * *", "Pacific/Kwajalein", after: "1969-09-29T12:00:00+11:00", 3)
        == ["30T12:00:00+11:00" + Self.first, "30T12:00:00-12:00" + Self.second, "01T12:00:00-12:00"])
  }

  @Test("the changes of the far future follow the rule of the zone")
  func future() throws {
    #expect(
      try Self.times("30 3 * * *", "Europe/Riga", after: "2999-03-30T12:00:00+02:00", 1)
        == ["31T04:00:00+03:00 moved from 03:30, which the clock skips"])
    #expect(
      try Self.times("30 1 * * *", "Europe/Dublin", after: "2500-03-27T12:00:00+00:00", 1)
        == ["28T02:00:00+01:00 moved from 01:30, which the clock skips"])
    #expect(
      try Self.times("30 1 * * *", "America/New_York", after: "9999-11-06T12:00:00-05:00", 1)
        == ["07T01:30:00-04:00" + Self.first])
  }

  @Test("local times with seconds in their offset have whole minutes of their own")
  func localMeanTime() throws {
    #expect(
      try Self.times("0 12 * * *", "Africa/Monrovia", after: "1970-06-01T00:00:00+00:00", 1)
        == ["01T12:00:00-00:44:30"])
    // From -0:44:30 to 0 at midnight: the next whole minute.
    #expect(
      try Self.times("30 0 * * *", "Africa/Monrovia", after: "1972-01-06T12:00:00+00:00", 2)
        == ["07T00:45:00+00:00 moved from 00:30, which the clock skips", "08T00:30:00+00:00"])
  }
}
