/// A day or a time as an iCalendar text has it
/// ([RFC 5545, 3.3.4 and 3.3.5](https://www.rfc-editor.org/rfc/rfc5545#section-3.3.4)).
struct ICalendarTime {
  /// What the clock of its own zone shows, in seconds since 1970-01-01 00:00; midnight for a day.
  var seconds: Int64
  var isDay: Bool
  var zone: Zone
  var place: TextPlace

  /// Which clock shows it.
  enum Zone: Hashable {
    /// Whatever clock is at hand.
    case any
    case utc
    case named(String)
  }

  static let day: Int64 = 86_400

  /// The days since 1970-01-01.
  var dayNumber: Int64 { seconds.flooredDivision(by: Self.day).quotient }

  /// Reads the value of a property, whose parameters may tell the zone.
  /// - Throws: `Mistakes` with one.
  init(_ field: ContentLine.Field, of line: ContentLine) throws(Mistakes) {
    try self.init(field, zone: line.parameters["TZID"].map { .named($0.text) } ?? .any)
    guard let kind = line.parameters["VALUE"], kind.text.uppercased() != "PERIOD" else { return }
    let kinds = [true: "DATE", false: "DATE-TIME"]
    guard kind.text.uppercased() == kinds[isDay] else {
      throw Mistakes(at: kind.place, "`VALUE` is `\(kind.text)`, but `\(field.text)` is none")
    }
  }

  /// Reads a day, `20261225`, or a time, `20261225T083000`, with `Z` behind it for UTC.
  /// - Throws: `Mistakes` with one.
  init(_ field: ContentLine.Field, zone: Zone) throws(Mistakes) {
    let parts = field.text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
    let isUTC = parts.count == 2 && parts[1].hasSuffix("Z")
    guard let date = Self.numbers(parts[0], [4, 2, 2]),
      let clock = parts.count == 1
        ? [0, 0, 0] : Self.numbers(isUTC ? parts[1].dropLast() : parts[1], [2, 2, 2]),
      let day = CivilDate(year: Int64(date[0]), month: date[1], day: date[2]),
      // A leap second is the end of its minute.
      let time = CivilTime(day, hour: clock[0], minute: clock[1], second: clock[2] == 60 ? 59 : clock[2])
    else {
      throw Mistakes(
        at: field.place,
        "`\(field.text)` is no day like 20261225 and no time like 20261225T083000 or 20261225T083000Z")
    }
    seconds = time.seconds
    isDay = parts.count == 1
    self.zone = isUTC ? .utc : zone
    place = field.place
  }

  /// Splits digits into numbers of so many digits each; nil if they are not exactly these.
  private static func numbers(_ text: Substring, _ widths: [Int]) -> [Int]? {
    guard text.utf8.count == widths.reduce(0, +), wholeNumber(text) != nil else { return nil }
    var rest = text
    return widths.map { width in
      defer { rest = rest.dropFirst(width) }
      return wholeNumber(rest.prefix(width)) ?? 0
    }
  }
}

/// A length as an iCalendar text has it: `P1D`, `PT1H30M`, `P2W`
/// ([RFC 5545, 3.3.6](https://www.rfc-editor.org/rfc/rfc5545#section-3.3.6)).
struct ICalendarSpan {
  var seconds: Int64
  /// Whether it has hours, minutes or seconds.
  var hasClock = false

  /// Larger numbers are no length of an event.
  private static let largest = 1_000_000

  /// Reads a length that is not below zero.
  /// - Throws: `Mistakes` with one.
  init(_ field: ContentLine.Field) throws(Mistakes) {
    var rest = field.text.hasPrefix("+") ? field.text.dropFirst() : field.text[...]
    let mistake = Mistakes(
      at: field.place,
      "`\(field.text)` is no length like P1D, PT1H30M or P2W (numbers up to \(Self.largest), none below zero)"
    )
    guard rest.hasPrefix("P"), rest.count > 1 else { throw mistake }
    rest.removeFirst()
    seconds = 0
    var units = ["W": 604_800, "D": 86_400]
    while !rest.isEmpty {
      if rest.hasPrefix("T"), !hasClock, rest.count > 1 {
        units = ["H": 3600, "M": 60, "S": 1]
        hasClock = true
        rest.removeFirst()
      }
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      // Each unit comes at most once.
      guard let unit = rest.popFirst(), let size = units.removeValue(forKey: String(unit)),
        let number = wholeNumber(digits), number <= Self.largest
      else { throw mistake }
      seconds += Int64(number * size)
    }
  }
}

extension Mistakes {
  /// Makes the error of a single one.
  package init(at place: TextPlace, _ message: String) { all = [Mistake(place: place, message: message)] }
}
