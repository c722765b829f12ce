/// What a calendar and a clock on the wall show, in some zone: a day and a time of day, to the second.
package struct CivilTime: Hashable, Comparable, Sendable {
  /// The seconds since 1970-01-01 00:00, as if each day had 86,400 of them: no zone is meant.
  package let seconds: Int64

  /// The times there are: the years 0 to 9999, which four digits can tell.
  package static let first = CivilTime(unchecked: -62_167_219_200)
  package static let last = CivilTime(unchecked: 253_402_300_799)

  /// Makes a time from seconds since 1970-01-01 00:00; nil if it is outside of the years 0 to 9999.
  package init?(seconds: Int64) {
    guard (Self.first.seconds...Self.last.seconds).contains(seconds) else { return nil }
    self.seconds = seconds
  }

  private init(unchecked seconds: Int64) { self.seconds = seconds }

  /// Makes a time; nil if there is none such.
  package init?(_ date: CivilDate, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    guard (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second) else { return nil }
    self.init(seconds: date.daysSinceEpoch * 86_400 + Int64((hour * 60 + minute) * 60 + second))
  }

  package var date: CivilDate {
    guard let date = CivilDate(daysSinceEpoch: seconds.flooredDivision(by: 86_400).quotient) else {
      preconditionFailure("every time has a day")
    }
    return date
  }

  /// The seconds since midnight.
  package var secondOfDay: Int { Int(seconds.flooredDivision(by: 86_400).remainder) }
  package var hour: Int { secondOfDay / 3600 }
  package var minute: Int { secondOfDay / 60 % 60 }
  package var second: Int { secondOfDay % 60 }

  /// Returns this minute if it has just begun, else the next; nil behind the last one.
  func roundedUpToMinute() -> CivilTime? {
    let rest = seconds.flooredDivision(by: 60).remainder
    return rest == 0 ? self : CivilTime(seconds: seconds + 60 - rest)
  }

  package static func < (left: CivilTime, right: CivilTime) -> Bool { left.seconds < right.seconds }

  /// As ISO 8601: `2021-03-28T03:30:00`.
  package var text: String { dayText + "T" + clockText }

  /// `2021-03-28`.
  package var dayText: String {
    let date = date
    return padded(date.year, 4) + "-" + padded(Int64(date.month)) + "-" + padded(Int64(date.day))
  }

  /// `03:30:00`.
  package var clockText: String {
    padded(Int64(hour)) + ":" + padded(Int64(minute)) + ":" + padded(Int64(second))
  }

  /// Returns an offset from UTC as ISO 8601 has it, with seconds where old local times need them: `+02:00`,
  /// `-00:44:30`.
  package static func text(ofOffset seconds: Int) -> String {
    let size = Int64(abs(seconds))
    return (seconds < 0 ? "-" : "+") + padded(size / 3600) + ":" + padded(size / 60 % 60)
      + (size % 60 == 0 ? "" : ":" + padded(size % 60))
  }
}

extension Timestamp {
  /// It in UTC as RFC 3339 has it, without a fraction; empty outside of the years 0 to 9999.
  package var utcText: String { ZoneRules.utc.local(self).map { $0.text + "Z" } ?? "" }
}

private func padded(_ number: Int64, _ width: Int = 2) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// A time lies behind the end of the calendar: outside of the years 0 to 9999.
package struct BeyondCalendar: Error, Sendable, Equatable, CustomStringConvertible {
  package init() {}

  package var description: String { "the calendar of schedules has the years 0 to 9999" }
}
