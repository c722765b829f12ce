import MillraceCore
import Testing

@Suite("A cron expression")
struct CronExpressionTests {
  /// Returns what is wrong with a text: `column message`.
  private static func mistakes(_ text: String, at place: TextPlace = .start) -> [String] {
    do throws(Mistakes) {
      _ = try CronExpression(text, at: place)
      return []
    } catch {
      return error.all.map { "\($0.place?.column ?? 0) \($0.message)" }
    }
  }

  @Test(
    "says what is wrong with a field, where, and what is allowed",
    arguments: [
      ("60 * * * *", "1 `60` is no minute; allowed are 0 to 59"),
      ("-1 * * * *", "1 a minute is missing; allowed are 0 to 59"),
      ("+1 * * * *", "1 `+1` is no minute; allowed are 0 to 59"),
      ("1.5 * * * *", "1 `1.5` is no minute; allowed are 0 to 59"),
      ("* 24 * * *", "3 `24` is no hour; allowed are 0 to 23"),
      ("* * 0 * *", "5 `0` is no day of the month; allowed are 1 to 31"),
      ("* * 32 * *", "5 `32` is no day of the month; allowed are 1 to 31"),
      ("* * L * *", "5 `L` is no day of the month; allowed are 1 to 31"),
      ("* * * 0 *", "7 `0` is no month; allowed are 1 to 12 or jan to dec"),
      ("* * * 13 *", "7 `13` is no month; allowed are 1 to 12 or jan to dec"),
      ("* * * jam *", "7 `jam` is no month; allowed are 1 to 12 or jan to dec, did you mean `jan`?"),
      ("* * * * 8", "9 `8` is no day of the week; allowed are 0 to 7 (0 and 7 are Sunday) or sun to sat"),
      ("* * * * 5#2", "9 `5#2` is no day of the week; allowed are 0 to 7 (0 and 7 are Sunday) or sun to sat"),
      ("jan * * * *", "1 `jan` is no minute; allowed are 0 to 59"),
      ("1,,2 * * * *", "3 there is nothing beside a comma of the minute; allowed are 0 to 59"),
      (",5 * * * *", "1 there is nothing beside a comma of the minute; allowed are 0 to 59"),
      ("* 1, * * *", "5 there is nothing beside a comma of the hour; allowed are 0 to 23"),
      ("*/0 * * * *", "3 `0` is no step of the minute; allowed are numbers from 1 on"),
      ("*/ * * * *", "3 `` is no step of the minute; allowed are numbers from 1 on"),
      ("*/x * * * *", "3 `x` is no step of the minute; allowed are numbers from 1 on"),
      ("*/2/3 * * * *", "3 `2/3` is no step of the minute; allowed are numbers from 1 on"),
      ("5/15 * * * *", "1 `5` is no range that could have steps; write `*/…` or `5-59/…`"),
      ("5- * * * *", "3 a minute is missing; allowed are 0 to 59"),
      ("1-2-3 * * * *", "3 `2-3` is no minute; allowed are 0 to 59"),
      ("5-64/30 * * * *", "3 `64` is no minute; allowed are 0 to 59"),
      ("30-10 * * * *", "1 the range `30-10` of the minute goes backwards"),
      ("* * * nov-feb *", "7 the range `nov-feb` of the month goes backwards"),
      (
        "* * * * fri-sun",
        "9 the range `fri-sun` of the day of the week goes backwards; at the end Sunday is 7"
      ),
      ("*5 * * * *", "1 `*5` is no minute; allowed are 0 to 59"),
      ("1-* * * * *", "3 `*` is no minute; allowed are 0 to 59"),
      ("? * * * *", "1 `?` is no minute; allowed are 0 to 59"),
      ("١ * * * *", "1 `١` is no minute; allowed are 0 to 59"),
      ("99999999999999999999 * * * *", "1 `99999999999999999999` is no minute; allowed are 0 to 59"),
    ])
  func malformed(text: String, mistake: String) { #expect(Self.mistakes(text) == [mistake]) }

  @Test("tells all mistakes at once, in the order of the text")
  func many() {
    #expect(
      Self.mistakes("  61 5,25,x 1-40 *\t9-1").map { $0.prefix(5) }
        == ["3 `61", "8 `25", "11 `x", "15 `4", "20 `9"])
    #expect(
      Self.mistakes("61", at: TextPlace(line: 7, column: 12)).map { $0.prefix(6) } == ["12 `61", "14 hou"])
  }

  private static let order = "minute hour day-of-the-month month day-of-the-week"

  @Test(
    "has five fields or a name",
    arguments: [
      ("", "1 minute, hour, day-of-the-month, month, day-of-the-week missing; the five fields are: \(order)"),
      ("* * * *", "8 day-of-the-week missing; the five fields are: \(order)"),
      ("* * * * * *", "11 there are 6 fields; allowed are five: \(order)"),
      ("@daily 5", "8 nothing may follow `@daily`"),
      (
        "@dayly",
        "1 there is no `@dayly`; allowed are @annually, @daily, @hourly, @midnight, @monthly, @weekly,"
          + " @yearly, did you mean `@daily`?"
      ),
      (
        "@reboot",
        "1 there is no `@reboot`, which is no time; allowed are @annually, @daily, @hourly, @midnight,"
          + " @monthly, @weekly, @yearly"
      ),
      (String(repeating: "1,", count: 501), "1 it has over 1000 characters"),
    ])
  func fields(text: String, mistake: String) { #expect(Self.mistakes(text) == [mistake]) }

  @Test(
    "means the same, written in another way",
    arguments: [
      ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"),
      ("@weekly", "0 0 * * 0"), ("@weekly", "0 0 * * 7"), ("@daily", "0 0 * * *"),
      ("@midnight", "00 00 * * *"), ("@hourly", "0 * * * *"), ("0 0 * jan,FEB-apr Sun", "0 0 * 1-4 7"),
      ("0 0 * * mon-fri", "0 0 * * 1-5"), ("0 0 * * 5-7", "0 0 * * 0,5,6"),
      ("*/40 * * * *", "*/40 */1 * * *"),
      ("  0\t0  * * *  ", "0 0 * * *"), ("0-59/100 0 * * *", "0 0 * * *"),
      ("0 0 */99999999999999999999 * *", "0 0 */31 * *"), ("0 0 * * */7", "0 0 * * sun"),
    ])
  func same(text: String, other: String) throws {
    let (one, two) = (try CronExpression(text), try CronExpression(other))
    var time = Timestamp(microseconds: 1_600_000_000_000_000)
    for _ in 0..<50 {
      let next = try #require(try one.next(after: time, in: .utc))
      #expect(next == (try two.next(after: time, in: .utc)))
      time = next.time
    }
  }

  /// Returns the next days that fit at midnight, as `MM-DD`.
  private static func days(_ expression: String, after day: String, count: Int) throws -> [String] {
    let cron = try CronExpression(expression)
    var time = try #require(TestTime.time(day + "T00:00:00+00:00"))
    return try (0..<count).map { _ in
      let next = try #require(try cron.next(after: time, in: .utc))
      time = next.time
      return String(next.local.dayText.dropFirst(5))
    }
  }

  @Test("with both fields of days one is enough, unless one of them starts with a star")
  func bothDays() throws {
    // 2021-03-01 was a Monday.
    #expect(
      try Self.days("0 0 13 * fri", after: "2021-03-01", count: 4) == ["03-05", "03-12", "03-13", "03-19"])
    #expect(try Self.days("0 0 */13 * fri", after: "2021-03-01", count: 2) == ["05-14", "08-27"])
    #expect(try Self.days("0 0 *,13 * fri", after: "2021-03-01", count: 2) == ["03-05", "03-12"])
    #expect(try Self.days("0 0 13 * */5", after: "2021-03-01", count: 2) == ["06-13", "08-13"])
    #expect(try Self.days("0 0 1-31 * fri", after: "2021-03-01", count: 2) == ["03-02", "03-03"])
  }

  @Test(
    "finds days that are rare",
    arguments: [
      ("0 0 29 2 *", "2021-01-01", "2024-02-29"), ("0 0 29 2 *", "2096-02-29", "2104-02-29"),
      ("0 0 29 2 */7", "2024-03-01", "2032-02-29"), ("0 0 29 2 */7", "2088-03-01", "2128-02-29"),
      ("0 0 31 */2 *", "2021-01-31", "2021-03-31"), ("59 23 31 12 *", "9998-12-31", "9998-12-31"),
    ])
  func rareDays(text: String, start: String, day: String) throws {
    let start = try #require(TestTime.time(start + "T00:00:00+00:00"))
    #expect(try CronExpression(text).next(after: start, in: .utc)?.local.dayText == day)
  }

  @Test(
    "that fits no day is never due", arguments: ["0 0 30 2 *", "* * 31 2,4,6,9,11 *", "0 0 30-31 2 */2"],
    ["2021-01-01", "9990-01-01", "0001-01-01"])
  func never(text: String, day: String) throws {
    let start = try #require(TestTime.time(day + "T00:00:00+00:00"))
    for zone in ["UTC", "Europe/Riga"] {
      #expect(try CronExpression(text).next(after: start, in: try TestZones.rules(zone)) == nil)
    }
  }

  @Test("ends with the calendar, and says so")
  func endOfCalendar() throws {
    let cron = try CronExpression("* * * * *")
    let last = try #require(TestTime.time("9999-12-31T23:59:00+00:00"))
    #expect(throws: BeyondCalendar.self) { try cron.next(after: last, in: .utc) }
    #expect(throws: BeyondCalendar.self) {
      try CronExpression("0 0 29 2 *").next(after: last - .seconds(86_400), in: .utc)
    }
    for time in [Int64.min, .max, -62_167_219_200_000_001] {
      for zone in try TestZones.odd.map(TestZones.rules) {
        #expect(throws: BeyondCalendar.self) {
          try cron.next(after: Timestamp(microseconds: time), in: zone)
        }
      }
    }
    let first = Timestamp(microseconds: -62_167_219_200_000_000)
    #expect(try cron.next(after: first, in: .utc)?.text == "0000-01-01T00:01:00+00:00")
    #expect(try cron.next(after: first, in: try TestZones.rules("Asia/Tehran")) != nil)
  }

  @Test("a part of a second counts")
  func partsOfSeconds() throws {
    let cron = try CronExpression("0 0 1 1 *")
    for (time, year): (Int64, Int64) in [(-1, 1970), (0, 1971), (1, 1971)] {
      let next = try cron.next(after: Timestamp(microseconds: time), in: .utc)
      #expect(next?.local.date.year == year)
    }
  }
}
