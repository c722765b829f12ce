import MillraceCore

/// Times as RFC 3339 text, exact to the microsecond: a floating-point number of seconds would be off by one
/// in the last digit.
enum TimeText {
  /// Returns a time in UTC, cut to milliseconds.
  static func text(of time: Timestamp) -> String {
    let (days, rest) = divided(time.rawValue, by: microsecondsPerDay)
    let (year, month, day) = date(ofDay: days)
    return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + clock(rest) + "."
      + padded(rest / 1000 % 1000, 3) + "Z"
  }

  /// Returns a time in UTC with the names of its day and month, cut to seconds.
  static func httpDate(of time: Timestamp) -> String {
    let (days, rest) = divided(time.rawValue, by: microsecondsPerDay)
    let (year, month, day) = date(ofDay: days)
    let weekday = dayNames[Int(divided(days, by: 7).remainder)]
    return "\(weekday), \(padded(day, 2)) \(monthNames[Int(month) - 1]) \(padded(year, 4)) \(clock(rest)) GMT"
  }

  /// 1970-01-01 was a Thursday.
  private static let dayNames = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let monthNames = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func clock(_ sinceMidnight: Int64) -> String {
    let seconds = sinceMidnight / 1_000_000
    return padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2)
  }

  /// Reads a time with its offset, or a day (midnight UTC); nil if it is neither, or no day of the calendar.
  static func time(from text: String) -> Timestamp? {
    var rest = Substring(text)
    guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2), skip(&rest, "-"),
      let day = number(&rest, 2), let days = dayNumber(year, month, day)
    else { return nil }
    let midnight = days * microsecondsPerDay
    if rest.isEmpty { return Timestamp(microseconds: midnight) }
    guard skip(&rest, "T") || skip(&rest, "t"), let sinceMidnight = timeOfDay(&rest),
      let offset = offset(&rest),
      rest.isEmpty
    else { return nil }
    return Timestamp(microseconds: midnight + sinceMidnight - offset)
  }

  private static let microsecondsPerDay: Int64 = 86_400_000_000

  private static func timeOfDay(_ rest: inout Substring) -> Int64? {
    guard let hour = number(&rest, 2), hour < 24, skip(&rest, ":"), let minute = number(&rest, 2),
      minute < 60,
      skip(&rest, ":"), let second = number(&rest, 2), second < 60
    else { return nil }
    var fraction: Int64 = 0
    if skip(&rest, ".") {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard (1...9).contains(digits.count), let number = Int64(digits.prefix(6)) else { return nil }
      fraction = (digits.count..<max(6, digits.count)).reduce(number) { value, _ in value * 10 }
      rest = rest.dropFirst(digits.count)
    }
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
  }

  private static func offset(_ rest: inout Substring) -> Int64? {
    if skip(&rest, "Z") || skip(&rest, "z") { return 0 }
    guard let sign = rest.first.flatMap({ ["+": Int64(1), "-": -1][$0] }) else { return nil }
    rest.removeFirst()
    guard let hours = number(&rest, 2), hours < 24, skip(&rest, ":"), let minutes = number(&rest, 2),
      minutes < 60
    else { return nil }
    return sign * (hours * 60 + minutes) * 60_000_000
  }

  /// Takes so many digits; nil if there are fewer.
  private static func number(_ rest: inout Substring, _ count: Int) -> Int64? {
    let digits = rest.prefix(count)
    guard digits.count == count, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    rest = rest.dropFirst(count)
    return Int64(digits)
  }

  private static func skip(_ rest: inout Substring, _ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  private static func divided(_ number: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  // The Gregorian calendar in cycles of 400 years, each year beginning with March, so that the leap day is
  // its last. 719,468 days lie between 0000-03-01 and 1970-01-01.

  private static let daysPerCycle: Int64 = 146_097
  private static let daysToEpoch: Int64 = 719_468

  private static func date(ofDay days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (cycle, day) = divided(days + daysToEpoch, by: daysPerCycle)
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153  // 0 is March.
    let isNextYear = month >= 10
    return (
      cycle * 400 + year + (isNextYear ? 1 : 0), isNextYear ? month - 9 : month + 3,
      dayOfYear - (153 * month + 2) / 5 + 1
    )
  }

  /// Returns the days since 1970-01-01; nil if there is no such day.
  private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64? {
    guard (1...12).contains(month) else { return nil }
    let shifted = month > 2 ? year : year - 1
    let (cycle, yearOfCycle) = divided(shifted, by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let days =
      cycle * daysPerCycle + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear - daysToEpoch
    guard date(ofDay: days) == (year, month, day) else { return nil }
    return days
  }
}
