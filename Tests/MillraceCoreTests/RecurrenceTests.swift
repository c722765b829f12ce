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
    let at = Recurrence.at(Self.start)
    #expect(try at.next(after: Self.start - .microseconds(1), in: .utc)?.text == "2001-09-09T01:46:40+00:00")
    #expect(try at.next(after: Self.start, in: .utc) == nil)
  }

  @Test("by cron is due when the expression is")
  func cron() throws {
    let cron = Recurrence.cron(try CronExpression("@daily"), DaylightRule())
    #expect(try cron.next(after: Self.start, in: .utc)?.text == "2001-09-10T00:00:00+00:00")
  }
}
