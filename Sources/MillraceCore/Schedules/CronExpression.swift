/// Which minutes of the calendar something is due at, as cron writes it: `*/15 9-17 * * mon-fri`.
///
/// The rules are those of Vixie's cron as Debian has it
/// ([crontab(5)](https://manpages.debian.org/bookworm/cron/crontab.5.en.html)).
package struct CronExpression: Sendable, Hashable, CustomStringConvertible {
  /// The longest text, in Unicode scalars.
  static let longest = 1000

  /// As it was written.
  package let text: String
  private let minutes: UInt64
  private let hours: UInt64
  private let days: UInt64
  private let months: UInt64
  /// Bit 0 is Sunday, bit 7 is not used.
  private let weekdays: UInt64
  /// Both fields of days must fit if one of them starts with a star, else one is enough.
  private let needsBothDays: Bool
  /// Whether the minute or the hour starts with a star: such an expression runs at what the clock on the wall
  /// shows, also where daylight saving shows it twice or not at all.
  package let followsTheClock: Bool

  /// Reads an expression.
  ///
  /// - Parameters:
  ///   - text: five fields, or a name like `@daily`.
  ///   - place: where the text begins in what somebody wrote.
  /// - Throws: `Mistakes` with every field that is malformed: what it has, where, and what is allowed.
  package init(_ text: String, at place: TextPlace = .start) throws(Mistakes) {
    var reader = CronReader(at: place)
    let fields = reader.fields(of: text)
    try Mistakes.demandNone(reader.mistakes)
    self.text = text
    minutes = fields[0].bits
    hours = fields[1].bits
    days = fields[2].bits
    months = fields[3].bits
    weekdays = (fields[4].bits | fields[4].bits >> 7) & 0x7f
    needsBothDays = fields[2].isStar || fields[4].isStar
    followsTheClock = fields[0].isStar || fields[1].isStar
  }

  package var description: String { text }

  /// Whether the calendar has a day that fits: it repeats itself every 400 years.
  package var hasDays: Bool {
    (2000..<2400).contains { year in
      (1...12).contains { month in days(ofMonth: month, in: Int64(year)) != 0 }
    }
  }

  /// Whether a minute of the calendar fits; its seconds do not count.
  package func fits(_ time: CivilTime) -> Bool {
    let date = time.date
    return has(time.minute, in: minutes) && has(time.hour, in: hours)
      && has(date.day, in: days(ofMonth: date.month, in: date.year))
  }

  /// Returns the first minute that fits, at or after a time of the calendar; nil if none follows up to the
  /// calendar's end.
  func first(notBefore time: CivilTime) -> CivilTime? {
    guard let time = time.roundedUpToMinute() else { return nil }
    let date = time.date
    var days = days(ofMonth: date.month, in: date.year) & ~0 << UInt64(date.day)
    if has(date.day, in: days) {
      if let found = firstMinute(of: date, notBefore: time) { return found }
      days &= days - 1
    }
    var (year, month) = (date.year, date.month)
    while days == 0 {
      (year, month) = month == 12 ? (year + 1, 1) : (year, month + 1)
      // Four centuries on everything is as it was.
      guard year <= 9999, year <= date.year + 401 else { return nil }
      days = self.days(ofMonth: month, in: year)
    }
    guard let day = CivilDate(year: year, month: month, day: days.trailingZeroBitCount) else { return nil }
    return CivilTime(day, hour: hours.trailingZeroBitCount, minute: minutes.trailingZeroBitCount)
  }

  private func firstMinute(of date: CivilDate, notBefore time: CivilTime) -> CivilTime? {
    if has(time.hour, in: hours) {
      let rest = minutes & ~0 << UInt64(time.minute)
      if rest != 0 { return CivilTime(date, hour: time.hour, minute: rest.trailingZeroBitCount) }
    }
    let later = hours & ~0 << UInt64(time.hour + 1)
    guard later != 0 else { return nil }
    return CivilTime(date, hour: later.trailingZeroBitCount, minute: minutes.trailingZeroBitCount)
  }

  /// Returns the days of a month that fit, as bits.
  private func days(ofMonth month: Int, in year: Int64) -> UInt64 {
    guard has(month, in: months), let first = CivilDate(year: year, month: month, day: 1) else { return 0 }
    let all = (UInt64(2) << UInt64(CivilDate.length(ofMonth: month, in: year))) - 2
    // Five weeks that begin with the weekday of the first.
    let weekday = UInt64(first.weekday)
    let week = (weekdays >> weekday | weekdays << (7 - weekday)) & 0x7f
    let byWeekday = (week | week << 7 | week << 14 | week << 21 | week << 28) << 1
    return all & (needsBothDays ? days & byWeekday : days | byWeekday)
  }

  private func has(_ number: Int, in bits: UInt64) -> Bool { bits >> UInt64(number) & 1 == 1 }
}
