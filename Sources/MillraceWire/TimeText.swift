import MillraceCore

/// Times as RFC 3339 text, exact to the microsecond: a floating-point number of seconds would be off by one
/// in the last digit.
enum TimeText {
  /// Returns a time in UTC, cut to milliseconds.
  static func text(of time: Timestamp) -> String {
    let (days, rest) = time.rawValue.flooredDivision(by: microsecondsPerDay)
    let date = date(ofDay: days)
    return padded(date.year, 4) + "-" + padded(Int64(date.month), 2) + "-" + padded(Int64(date.day), 2) + "T"
      + clock(rest) + "." + padded(rest / 1000 % 1000, 3) + "Z"
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
    var rest = Substring(text)
    guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2), skip(&rest, "-"),
      let day = number(&rest, 2),
      let date = CivilDate(year: year, month: Int(month), day: Int(day))
    else { return nil }
    let midnight = date.daysSinceEpoch * microsecondsPerDay
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
}
