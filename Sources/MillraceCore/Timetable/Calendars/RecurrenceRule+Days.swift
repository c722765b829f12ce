extension RecurrenceRule {
  /// How many more days the rules of a text may be asked for.
  struct Budget {
    /// Enough for 40 rules for each day from 1970 to 2100, or 15,000 for one day a year.
    var days = 2_000_000
  }

  /// Returns the days on which the event is there again, in order.
  ///
  /// - Parameters:
  ///   - first: the day of the first time, which is not among them.
  ///   - earliest: days before this one are not needed.
  ///   - last: the last day.
  ///   - budget: what may be spent.
  /// - Returns: days since 1970-01-01; nil if they are more than the budget allows.
  func days(
    after first: Int64, from earliest: Int64, through last: Int64, _ budget: inout Budget
  ) -> [Int64]? {
    var found: [Int64] = []
    var period = self.period(of: first)
    // Whoever counts must have seen all.
    let start = count == nil ? max(first, earliest) : first
    let toSkip = max(0, self.period(of: start) - period)
    period += (toSkip + interval - 1) / interval * interval
    var rest = count.map { $0 - 1 } ?? .max
    while rest > 0, period <= self.period(of: last) {
      let days = chosen(of: days(ofPeriod: period, first: first))
      budget.days -= max(1, days.count)
      guard budget.days > 0 else { return nil }
      for day in days where day > first && day <= last && rest > 0 {
        found.append(day)
        rest -= 1
      }
      period += interval
    }
    return found
  }

  /// Returns the number of the year, month, week or day that a day is in.
  private func period(of day: Int64) -> Int64 {
    switch frequency {
    case .daily: return day
    case .weekly: return (day - firstWeekStart).flooredDivision(by: 7).quotient
    case .monthly, .yearly:
      guard let date = CivilDate(daysSinceEpoch: day) else { preconditionFailure("a day of the calendar") }
      return frequency == .yearly ? date.year : date.year * 12 + Int64(date.month) - 1
    }
  }

  /// The first day of the week of 1970-01-01, which was a Thursday.
  private var firstWeekStart: Int64 { Int64(weekStart) - 4 }

  private func days(ofPeriod period: Int64, first: Int64) -> [Int64] {
    guard let firstDate = CivilDate(daysSinceEpoch: first) else {
      preconditionFailure("a day of the calendar")
    }
    switch frequency {
    case .daily:
      return [period].filter { isOfMonths($0) && isOfMonthDays($0) && isOfWeekdays($0, of: $0...$0) }
    case .weekly:
      let start = period * 7 + firstWeekStart
      let weekdays = weekdays.isEmpty ? [firstDate.weekday] : weekdays.map(\.day)
      return (start..<start + 7).filter { isOfMonths($0) && weekdays.contains(CivilDate.weekday(ofDay: $0)) }
    case .monthly:
      let (year, month) = period.flooredDivision(by: 12)
      guard months.isEmpty || months.contains(Int(month) + 1) else { return [] }
      return days(ofMonths: [Int(month) + 1], year, firstDate)
    case .yearly:
      if months.isEmpty, monthDays.isEmpty, !weekdays.isEmpty {
        return weekdays(in: Self.span(ofYear: period))
      }
      let isBirthday = months.isEmpty && monthDays.isEmpty
      return days(
        ofMonths: isBirthday ? [firstDate.month] : months.isEmpty ? Array(1...12) : months, period, firstDate)
    }
  }

  private func days(ofMonths months: [Int], _ year: Int64, _ first: CivilDate) -> [Int64] {
    Set(months).sorted().flatMap { month in
      let span = Self.span(ofMonth: month, year)
      guard !monthDays.isEmpty || weekdays.isEmpty else { return weekdays(in: span) }
      let numbers = monthDays.isEmpty ? [first.day] : monthDays
      let days = numbers.map { $0 > 0 ? span.lowerBound + Int64($0) - 1 : span.upperBound + Int64($0) + 1 }
      let scope = frequency == .yearly && self.months.isEmpty ? Self.span(ofYear: year) : span
      return Set(days.filter { span.contains($0) && isOfWeekdays($0, of: scope) }).sorted()
    }
  }

  /// Returns the days of a month or a year that `weekdays` name.
  private func weekdays(in span: ClosedRange<Int64>) -> [Int64] {
    let days = weekdays.flatMap { weekday -> [Int64] in
      let first = span.lowerBound + Int64((weekday.day - CivilDate.weekday(ofDay: span.lowerBound) + 7) % 7)
      let all = Array(stride(from: first, through: span.upperBound, by: 7))
      guard weekday.ordinal != 0 else { return all }
      let index = weekday.ordinal > 0 ? weekday.ordinal - 1 : all.count + weekday.ordinal
      return all.indices.contains(index) ? [all[index]] : []
    }
    return Set(days).sorted()
  }

  private func isOfMonths(_ day: Int64) -> Bool {
    months.isEmpty || CivilDate(daysSinceEpoch: day).map { months.contains($0.month) } ?? false
  }

  private func isOfMonthDays(_ day: Int64) -> Bool {
    guard !monthDays.isEmpty, let date = CivilDate(daysSinceEpoch: day) else { return monthDays.isEmpty }
    let length = CivilDate.length(ofMonth: date.month, in: date.year)
    return monthDays.contains { $0 > 0 ? $0 == date.day : length + $0 + 1 == date.day }
  }

  private func isOfWeekdays(_ day: Int64, of span: ClosedRange<Int64>) -> Bool {
    weekdays.isEmpty
      || weekdays.contains { weekday in
        guard weekday.day == CivilDate.weekday(ofDay: day) else { return false }
        if weekday.ordinal == 0 { return true }
        return weekday.ordinal > 0
          ? (day - span.lowerBound) / 7 + 1 == weekday.ordinal
          : (span.upperBound - day) / 7 + 1 == -weekday.ordinal
      }
  }

  /// The days that `positions` choose of those of a period.
  private func chosen(of days: [Int64]) -> [Int64] {
    guard !positions.isEmpty else { return days }
    let indices = Set(positions.map { $0 > 0 ? $0 - 1 : days.count + $0 })
    return indices.filter { days.indices.contains($0) }.sorted().map { days[$0] }
  }

  private static func span(ofYear year: Int64) -> ClosedRange<Int64> {
    span(ofMonth: 1, year).lowerBound...span(ofMonth: 12, year).upperBound
  }

  private static func span(ofMonth month: Int, _ year: Int64) -> ClosedRange<Int64> {
    guard let first = CivilDate(year: year, month: month, day: 1)?.daysSinceEpoch else {
      preconditionFailure("a month of the calendar")
    }
    return first...first + Int64(CivilDate.length(ofMonth: month, in: year)) - 1
  }
}
