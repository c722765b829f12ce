/// A day of the Gregorian calendar, which is also used for the time before there was one.
///
/// The years are those of ISO 8601: year 0 is 1 BC.
package struct CivilDate: Hashable, Sendable {
  package let year: Int64
  /// 1 to 12.
  package let month: Int
  /// 1 to 31.
  package let day: Int

  /// The years that there are days of; far enough for every `Timestamp`.
  package static let years: ClosedRange<Int64> = -999_999...999_999

  /// Makes a day; nil if the calendar has none such.
  package init?(year: Int64, month: Int, day: Int) {
    guard Self.years.contains(year), (1...12).contains(month),
      (1...Self.length(ofMonth: month, in: year)).contains(day)
    else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
  }

  // Cycles of 400 years, each year beginning with March, so that the leap day is its last. 719,468 days lie
  // between 0000-03-01 and 1970-01-01.

  private static let daysPerCycle: Int64 = 146_097
  private static let daysToEpoch: Int64 = 719_468

  /// Makes the day that is so many days after 1970-01-01; nil if it is not of `years`.
  package init?(daysSinceEpoch days: Int64) {
    guard abs(days.clamped(to: -(1 << 40)...(1 << 40))) < 1 << 40 else { return nil }
    let (cycle, day) = (days + Self.daysToEpoch).flooredDivision(by: Self.daysPerCycle)
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153  // 0 is March.
    let isNextYear = month >= 10
    self.year = cycle * 400 + year + (isNextYear ? 1 : 0)
    self.month = Int(isNextYear ? month - 9 : month + 3)
    self.day = Int(dayOfYear - (153 * month + 2) / 5 + 1)
    guard Self.years.contains(self.year) else { return nil }
  }

  /// The days since 1970-01-01.
  package var daysSinceEpoch: Int64 {
    let shifted = month > 2 ? year : year - 1
    let (cycle, yearOfCycle) = shifted.flooredDivision(by: 400)
    let dayOfYear = (153 * Int64(month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(day) - 1
    return cycle * Self.daysPerCycle + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
      - Self.daysToEpoch
  }

  /// 0 is Sunday.
  package var weekday: Int { Self.weekday(ofDay: daysSinceEpoch) }

  /// Returns 0 for a Sunday; the day is counted from 1970-01-01, a Thursday.
  static func weekday(ofDay days: Int64) -> Int { Int((days % 7 + 11) % 7) }

  /// Whether a year has a leap day.
  package static func isLeap(_ year: Int64) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  /// Returns how many days a month has, 1 to 12.
  package static func length(ofMonth month: Int, in year: Int64) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

extension Int64 {
  /// Returns the quotient that is rounded down, and what remains: never below zero.
  package func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  /// Returns the nearest number of a range.
  func clamped(to range: ClosedRange<Int64>) -> Int64 {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
