/// How a zone's time goes on for ever, as the `TZ` variable says it:
/// [POSIX, 8.3](https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html).
struct YearlyRule: Sendable, Equatable {
  /// Seconds east of UTC.
  var standardOffset: Int64
  /// Nil if every day of every year has standard time.
  var daylight: Daylight?

  struct Daylight: Sendable, Equatable {
    /// Seconds east of UTC; where "summer" is standard time, as in Ireland, less than the standard offset.
    var offset: Int64
    /// Told in standard time.
    var start: Change
    /// Told in daylight-saving time.
    var end: Change
  }

  /// When a year's daylight saving starts or ends.
  struct Change: Sendable, Equatable {
    enum Day: Sendable, Equatable {
      /// `J60`: 1 to 365, the leap day is not counted: 60 is always 1 March.
      case julian(Int64)
      /// `59`: 0 to 365, the leap day is counted.
      case zeroBased(Int64)
      /// `M10.5.0`: 5 is the last such week; 0 is Sunday.
      case weekday(month: Int, week: Int64, weekday: Int)
    }
    var day: Day
    /// Seconds since midnight, up to a week before or after.
    var second: Int64

    /// Returns the local time of a year in seconds since 1970.
    func seconds(in year: Int64) -> Int64 { dayNumber(in: year) * 86_400 + second }

    private func dayNumber(in year: Int64) -> Int64 {
      switch day {
      case .julian(let number):
        return firstDay(1, year) + number - (CivilDate.isLeap(year) && number >= 60 ? 0 : 1)
      case .zeroBased(let number):
        return firstDay(1, year) + number
      case .weekday(let month, let week, let weekday):
        let first = firstDay(month, year)
        let ahead = Int64((weekday - CivilDate.weekday(ofDay: first) + 7) % 7)
        let day = first + ahead + (week - 1) * 7
        return day < first + Int64(CivilDate.length(ofMonth: month, in: year)) ? day : day - 7
      }
    }

    private func firstDay(_ month: Int, _ year: Int64) -> Int64 {
      guard let date = CivilDate(year: year, month: month, day: 1) else {
        preconditionFailure("years are held to those of the calendar")
      }
      return date.daysSinceEpoch
    }
  }

  /// Returns the span with one offset that a point in time lies in, in seconds since 1970 UTC.
  func period(at instant: Int64) -> ZonePeriod {
    guard let daylight else { return ZonePeriod(start: .min, end: .max, offset: standardOffset) }
    // Far outside of the calendar nobody asks; it must only not trap.
    let instant = instant.clamped(to: -30_000_000_000_000...30_000_000_000_000)
    guard let year = CivilDate(daysSinceEpoch: instant.flooredDivision(by: 86_400).quotient)?.year else {
      return ZonePeriod(start: .min, end: .max, offset: standardOffset)
    }
    var period = ZonePeriod(start: .min, end: .max, offset: standardOffset)
    // A change may be told by up to a week of the next year, or of the one before.
    for year in (year - 2)...(year + 2) where CivilDate.years.contains(year) {
      let start = (daylight.start.seconds(in: year) - standardOffset, daylight.offset)
      let end = (daylight.end.seconds(in: year) - daylight.offset, standardOffset)
      for (time, offset) in start.0 <= end.0 ? [start, end] : [end, start] {
        // Of two at once the later one counts: daylight saving that lasts all year ends as it begins.
        if time <= instant, time >= period.start { (period.start, period.offset) = (time, offset) }
        if time > instant { period.end = min(period.end, time) }
      }
    }
    return period
  }
}
