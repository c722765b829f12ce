import MillraceCore

/// iCalendar texts, and the days that are read from them.
enum ICalendarText {
  /// Returns a text with one event of these lines.
  static func text(_ event: String) -> String {
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\n\(event)\nEND:VEVENT\nEND:VCALENDAR\n"
  }

  /// Returns the calendar of a text.
  static func calendar(ofText text: String) throws -> DayCalendar {
    try DayCalendar(iCalendar: Array(text.utf8)) { name in
      // A name without a file is that of an unknown zone.
      try? TestZones.rules(name)
    }
  }

  /// Returns the days of an event from 1960 to 2110, counted from 1970-01-01.
  static func days(_ event: String) throws -> [Int64] {
    let calendar = try calendar(ofText: text(event))
    return (-3653...51_134).filter { day in CivilDate(daysSinceEpoch: day).map(calendar.contains) ?? false }
  }

  /// Returns the days of an event in a year, with blanks between.
  static func dates(_ event: String, in year: Int64) throws -> String {
    try dates(ofText: text(event), in: year)
  }

  static func dates(ofText text: String, in year: Int64) throws -> String {
    let calendar = try calendar(ofText: text)
    let first = CivilDate(year: year, month: 1, day: 1)?.daysSinceEpoch ?? 0
    let days = (first...first + 365).compactMap { CivilDate(daysSinceEpoch: $0) }
    return days.filter { $0.year == year && calendar.contains($0) }
      .compactMap { CivilTime($0)?.dayText }.joined(separator: " ")
  }

  /// Returns the mistakes in an event, each with its place: `4:7 …`.
  static func mistakes(_ event: String) -> [String] { mistakes(ofText: text(event)) }

  static func mistakes(ofText text: String) -> [String] { mistakes(of: Array(text.utf8)) }

  static func mistakes(of bytes: [UInt8]) -> [String] {
    do throws(Mistakes) {
      _ = try DayCalendar(iCalendar: bytes) { _ in nil }
      return []
    } catch {
      return error.all.map { mistake in
        (mistake.place.map { "\($0.line):\($0.column) " } ?? "") + mistake.message
      }
    }
  }
}
