import MillraceCore
import MillraceYAML
import Testing

@Suite("A calendar in YAML")
struct CalendarFileTests {
  private static func calendar(_ text: String) throws -> DayCalendar {
    try DayCalendar(YAMLDocument.tree(of: text, named: "c.yaml"))
  }

  private static func dates(_ text: String, in year: Int64) throws -> [String] {
    let calendar = try calendar(text)
    let first = try #require(CivilDate(year: year, month: 1, day: 1)?.daysSinceEpoch)
    return (first...first + 365).compactMap { CivilDate(daysSinceEpoch: $0) }
      .filter { $0.year == year && calendar.contains($0) }
      .compactMap { CivilTime($0)?.dayText }
  }

  @Test("has days, ranges of days, days of the week and days of each year")
  func days() throws {
    let text = "dates: [2026-12-25, 2026-12-30..2027-01-02, 2026-12-25]\nyearly: [05-01, 02-29]\n"
    #expect(
      try Self.dates(text, in: 2026) == ["2026-05-01", "2026-12-25", "2026-12-30", "2026-12-31"])
    #expect(try Self.dates(text, in: 2028) == ["2028-02-29", "2028-05-01"])
    #expect(try Self.dates(text, in: 2027) == ["2027-01-01", "2027-01-02", "2027-05-01"])
    let weekends = try Self.dates("weekdays: [sat, Sun]", in: 2026)
    #expect(weekends.count == 104)
    #expect(weekends.prefix(3) == ["2026-01-03", "2026-01-04", "2026-01-10"])
    #expect(try Self.dates("dates: []", in: 2026) == [])
    #expect(try Self.dates("{\"dates\": [\"2026-01-01\"]}", in: 2026) == ["2026-01-01"])
    #expect(try Self.dates("dates: [0000-01-01..9999-12-31]", in: 2026).count == 365)
  }

  private static let dates =
    "`dates` must have days like 2026-12-25 (years 0000 to 9999) or 2026-12-31..2027-01-01, not"

  @Test(
    "with mistakes is refused, each with its place and what is allowed",
    arguments: [
      ("dates: 2026-12-25", "1:8 `dates` must be a list: `[2026-12-25]`, not a text"),
      ("dates:", "1:7 `dates` must be a list: `[2026-12-25]`, not nothing"),
      ("dates: [2026-02-29]", "1:9 \(dates) `2026-02-29`"),
      ("dates: [26-12-25]", "1:9 \(dates) `26-12-25`"),
      ("dates: [12026-12-25]", "1:9 \(dates) `12026-12-25`"),
      ("dates: [99999999999999999999]", "1:9 \(dates) `1e+20`"),
      ("dates: [2026-12-31..]", "1:9 \(dates) `2026-12-31..`"),
      ("dates: [2026-1-2]", "1:9 \(dates) `2026-1-2`"),
      (
        "dates:\n  - 2027-01-01..2026-12-31",
        "2:5 the range `2027-01-01..2026-12-31` goes backwards: the earlier day comes first"
      ),
      ("dates: [[2026-12-25]]", "1:9 an element of `dates` must be a text, not a list"),
      (
        "weekdays: [sunday]",
        "1:12 `weekdays` must have days of sun, mon, tue, wed, thu, fri, sat, not `sunday`, did you "
          + "mean `sun`?"
      ),
      ("yearly: [02-30]", "1:10 `yearly` must have a month and a day like 12-25, not `02-30`"),
      ("yearly: [2026-12-25]", "1:10 `yearly` must have a month and a day like 12-25, not `2026-12-25`"),
      ("date: [2026-12-25]", "1:1 there is no setting `date`, did you mean `dates`?"),
      ("- 2026-12-25", "1:1 the file must have names with values below it, not a list"),
      ("{}", "1:1 there is no day in it; there can be dates, weekdays, yearly"),
    ])
  func mistakes(text: String, mistake: String) {
    let error = #expect(throws: Mistakes.self) { try Self.calendar(text) }
    #expect(
      error?.all.map { "\($0.place.map { "\($0.line):\($0.column)" } ?? "") \($0.message)" } == [mistake])
  }

  @Test("tells all mistakes at once")
  func all() {
    let error = #expect(throws: Mistakes.self) {
      try Self.calendar("dates: [x, 2026-01-01, y]\nweekdays: [z]\nyear: []")
    }
    #expect(error?.all.compactMap(\.place?.line) == [1, 1, 2, 3])
  }
}
