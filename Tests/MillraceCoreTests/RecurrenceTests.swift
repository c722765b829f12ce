import MillraceCore
import Testing

@Suite("A recurrence")
struct RecurrenceTests {
  private static let start = Timestamp(microseconds: 1_000_000_000_000_000)

  @Test("by a span counts from its start, whatever the time is")
  func every() throws {
    let every = Recurrence.every(.seconds(90), since: Self.start)
    for (after, next): (Int64, Int64) in [(-500, 90), (0, 90), (89, 90), (90, 180), (1000, 1080)] {
      let found = try every.next(after: Self.start + .seconds(after), in: .utc)
      #expect(found?.time == Self.start + .seconds(next))
    }
    let days = Recurrence.every(.seconds(86_400), since: Self.start)
    let riga = try TestZones.rules("Europe/Riga")
    #expect(
      try days.next(after: Self.start + .seconds(86_400 * 60), in: riga)?.text == "2001-11-09T03:46:40+02:00")
    #expect(try Recurrence.every(.zero, since: Self.start).next(after: Self.start, in: .utc) == nil)
    #expect(throws: BeyondCalendar.self) {
      try every.next(after: Timestamp(microseconds: .max), in: .utc)
    }
  }

  @Test("at one time is due once")
  func at() throws {
    let at = Recurrence.at(.instant(Self.start))
    #expect(try at.next(after: Self.start - .microseconds(1), in: .utc)?.text == "2001-09-09T01:46:40+00:00")
    #expect(try at.next(after: Self.start, in: .utc) == nil)
  }

  @Test("at a time of the clock says what daylight saving did to it")
  func atLocal() throws {
    let riga = try TestZones.rules("Europe/Riga")
    let time = try #require(WrittenTime(text: "2021-03-28 03:30"))
    let found = try #require(try Recurrence.at(time).next(after: Self.start, in: riga))
    #expect(found.text == "2021-03-28T04:00:00+03:00")
    #expect(found.daylight?.text == "moved from 03:30, which the clock skips")
    #expect(try Recurrence.at(time).next(after: found.time, in: riga) == nil)
  }

  @Test("by cron is due when the expression is")
  func cron() throws {
    let cron = Recurrence.cron(try CronExpression("@daily"), DaylightRule())
    #expect(try cron.next(after: Self.start, in: .utc)?.text == "2001-09-10T00:00:00+00:00")
  }
}
