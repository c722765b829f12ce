/// A point in time as people write it: with its offset, or by the clock of a zone that is named elsewhere.
package enum WrittenTime: Sendable, Hashable {
  case instant(Timestamp)
  case local(CivilTime)

  /// How it can be written, for people.
  package static let forms = "2026-08-01, `2026-08-01 14:30` or 2026-08-01T14:30:00Z"

  /// Reads `2026-08-01`, `2026-08-01 14:30`, `2026-08-01T14:30:15`, or RFC 3339.
  ///
  /// - Returns: nil if it is none of these, or no time of the calendar.
  package init?(text: String) {
    var reader = TimeTextReader(text)
    guard let time = reader.time() else { return nil }
    self = time
  }

  /// Returns the point in time; what the clock skips is taken for the end of the gap, what it shows twice for
  /// the first time.
  package func time(in zone: ZoneRules) -> Timestamp {
    switch self {
    case .instant(let time): time
    case .local(let local): zone.nominalTime(local).time
    }
  }
}

/// Reads the text of a time, exact to the microsecond: a floating-point number of seconds would be off by one
/// in the last digit.
private struct TimeTextReader {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  /// Reads the whole text.
  mutating func time() -> WrittenTime? {
    guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2),
      let date = CivilDate(year: Int64(year), month: month, day: day)
    else { return nil }
    if rest.isEmpty { return CivilTime(date).map { .local($0) } }
    let isInternet = skip("T") || skip("t")
    guard isInternet || skip(" "), let hour = number(2), skip(":"), let minute = number(2) else { return nil }
    let hasSeconds = skip(":")
    guard let second = hasSeconds ? number(2) : 0,
      let local = CivilTime(date, hour: hour, minute: minute, second: second)
    else { return nil }
    if rest.isEmpty { return .local(local) }
    // RFC 3339 has seconds, then a fraction or none, then the offset.
    guard isInternet, hasSeconds, let fraction = fraction(), let offset = offset(), rest.isEmpty,
      // It is told in UTC.
      let universal = CivilTime(seconds: local.seconds - offset)
    else { return nil }
    return .instant(Timestamp(microseconds: universal.seconds * 1_000_000 + fraction))
  }

  /// Reads up to nine digits as microseconds; there may be none.
  private mutating func fraction() -> Int64? {
    guard skip(".") else { return 0 }
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    guard (1...9).contains(digits.count), let number = Int64(Substring(digits.prefix(6))) else { return nil }
    rest = rest.dropFirst(digits.count)
    return (digits.count..<max(6, digits.count)).reduce(number) { value, _ in value * 10 }
  }

  /// Reads `Z` or `+02:00` as seconds east of UTC.
  private mutating func offset() -> Int64? {
    if skip("Z") || skip("z") { return 0 }
    let isWest = skip("-")
    guard isWest || skip("+"), let hours = number(2), hours < 24, skip(":"), let minutes = number(2),
      minutes < 60
    else { return nil }
    return Int64(hours * 60 + minutes) * (isWest ? -60 : 60)
  }

  /// Takes so many digits; nil if there are fewer.
  private mutating func number(_ count: Int) -> Int? {
    let digits = rest.prefix(count)
    guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    rest = rest.dropFirst(count)
    return Int(Substring(digits))
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, UInt32(first) == character.value else { return false }
    rest = rest.dropFirst()
    return true
  }
}
