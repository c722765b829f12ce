/// Days with something in common, as holidays: what schedules leave out, or keep to.
package struct DayCalendar: Sendable, Equatable {
  /// The days since 1970-01-01, as ranges: in order, apart from each other.
  private let ranges: [ClosedRange<Int64>]
  /// One bit for each day of the week, the lowest for Sunday.
  private let weekdays: UInt8
  private let yearly: Set<YearDay>

  /// A day that comes each year; 29 February only in years that have it.
  package struct YearDay: Sendable, Hashable {
    let month: Int
    let day: Int

    /// Makes a day; nil if no year has it.
    package init?(month: Int, day: Int) {
      guard CivilDate(year: 2000, month: month, day: day) != nil else { return nil }
      (self.month, self.day) = (month, day)
    }
  }

  /// Makes a calendar of all these days.
  ///
  /// - Parameters:
  ///   - ranges: days since 1970-01-01; they may overlap, in any order.
  ///   - weekdays: days of every week; 0 is Sunday.
  ///   - yearly: days of every year.
  package init(_ ranges: [ClosedRange<Int64>], weekdays: Set<Int> = [], yearly: Set<YearDay> = []) {
    var merged: [ClosedRange<Int64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    self.ranges = merged
    self.weekdays = weekdays.reduce(0) { $0 | 1 << UInt8($1) }
    self.yearly = yearly
  }

  /// Whether a day is one of them.
  package func contains(_ day: CivilDate) -> Bool { contains(day.daysSinceEpoch) }

  /// Whether a day, counted from 1970-01-01, is one of them.
  func contains(_ day: Int64) -> Bool {
    if weekdays & 1 << UInt8(CivilDate.weekday(ofDay: day)) != 0 { return true }
    let index = range(notBefore: day)
    if index < ranges.count, ranges[index].contains(day) { return true }
    guard !yearly.isEmpty, let date = CivilDate(daysSinceEpoch: day) else { return false }
    return YearDay(month: date.month, day: date.day).map(yearly.contains) ?? false
  }

  /// Returns the first of its days that is not before another; nil if none follows.
  func firstDay(notBefore day: Int64) -> Int64? {
    var days = (day..<day + 7).prefix { _ in weekdays != 0 }.filter {
      weekdays & 1 << UInt8(CivilDate.weekday(ofDay: $0)) != 0
    }
    let index = range(notBefore: day)
    if index < ranges.count { days.append(max(day, ranges[index].lowerBound)) }
    if let date = CivilDate(daysSinceEpoch: day) {
      days += yearly.compactMap { $0.first(notBefore: day, from: date.year) }
    }
    return days.min()
  }

  /// Returns the first day that is none of them and not before another; one eleven years off if there is none
  /// until then.
  func firstOther(notBefore day: Int64) -> Int64 {
    var other = day
    while other < day + 4018 {
      let index = range(notBefore: other)
      if index < ranges.count, ranges[index].contains(other) {
        other = ranges[index].upperBound + 1
      } else if contains(other) {
        other += 1
      } else {
        break
      }
    }
    return other
  }

  /// Returns the first range that does not end before a day.
  private func range(notBefore day: Int64) -> Int {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < day { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension DayCalendar.YearDay {
  /// Returns the first one that is not before a day of a year; 29 February may be eight years off.
  fileprivate func first(notBefore day: Int64, from year: Int64) -> Int64? {
    let days = (year...year + 8).lazy.compactMap { CivilDate(year: $0, month: month, day: self.day) }
    return days.map(\.daysSinceEpoch).first { $0 >= day }
  }
}
