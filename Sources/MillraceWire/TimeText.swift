import MillraceCore

/// Times as RFC 3339 text.
enum TimeText {
  /// Returns a time in UTC, cut to milliseconds.
  static func text(of time: Timestamp) -> String {
    let (whole, rest) = parts(of: time)
    return whole + "." + padded(rest / 1000 % 1000, 3) + "Z"
  }

  /// Returns a time in UTC with microseconds.
  static func exactText(of time: Timestamp) -> String {
    let (whole, rest) = parts(of: time)
    return whole + "." + padded(rest % 1_000_000, 6) + "Z"
  }

  /// The time to the second, and the microseconds of its day.
  private static func parts(of time: Timestamp) -> (whole: String, rest: Int64) {
    let (days, rest) = time.rawValue.flooredDivision(by: microsecondsPerDay)
    let date = date(ofDay: days)
    let day = padded(date.year, 4) + "-" + padded(Int64(date.month), 2) + "-" + padded(Int64(date.day), 2)
    return (day + "T" + clock(rest), rest)
  }

  /// Returns a time in UTC with the names of its day and month, cut to seconds.
  static func httpDate(of time: Timestamp) -> String {
    let (days, rest) = time.rawValue.flooredDivision(by: microsecondsPerDay)
    let date = date(ofDay: days)
    return "\(dayNames[date.weekday]), \(padded(Int64(date.day), 2)) \(monthNames[date.month - 1]) "
      + "\(padded(date.year, 4)) \(clock(rest)) GMT"
  }

  private static func date(ofDay days: Int64) -> CivilDate {
    guard let date = CivilDate(daysSinceEpoch: days) else {
      preconditionFailure("the calendar has a day for every time")
    }
    return date
  }

  private static let dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let monthNames = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func clock(_ sinceMidnight: Int64) -> String {
    let seconds = sinceMidnight / 1_000_000
    return padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2)
  }

  /// Reads a time with its offset, or a day (midnight UTC); nil if it is neither, or no day of the calendar.
  static func time(from text: String) -> Timestamp? {
    switch WrittenTime(text: text) {
    case .instant(let time): time
    case .local(let day) where text.utf8.count == "2026-08-01".utf8.count:
      Timestamp(microseconds: day.seconds * 1_000_000)
    case .local, nil: nil
    }
  }

  private static let microsecondsPerDay: Int64 = 86_400_000_000

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
