/// Which days a schedule's calendars allow.
struct CalendarDays: Sendable {
  private let exclude: [(name: String, days: DayCalendar)]
  private let require: [(name: String, days: DayCalendar)]

  /// A time is put off by no more than ten years.
  static let farthest: Int64 = 3653

  /// Looks its calendars up; nil if one is not there.
  init?(_ rule: ScheduleDefinition.CalendarRule, in calendars: [String: DayCalendar]) {
    func find(_ names: [String]) -> [(name: String, days: DayCalendar)]? {
      let found = names.compactMap { name in calendars[name].map { (name: name, days: $0) } }
      return found.count == names.count ? found : nil
    }
    guard let exclude = find(rule.exclude), let require = find(rule.require) else { return nil }
    (self.exclude, self.require) = (exclude, require)
  }

  /// Returns why a day is not allowed, in words: `2026-12-25 is in holidays`; nil if it is.
  func reason(against local: CivilTime) -> String? {
    if exclude.isEmpty, require.isEmpty { return nil }
    let day = local.date
    if let calendar = exclude.first(where: { $0.days.contains(day) }) {
      return "\(local.dayText) is in `\(calendar.name)`"
    }
    return require.first { !$0.days.contains(day) }.map { "\(local.dayText) is not in `\($0.name)`" }
  }

  /// Returns the first day that is allowed, from another one on, as days since 1970-01-01; nil if none is
  /// within ten years.
  func firstAllowed(notBefore start: Int64) -> Int64? {
    var day = start
    while day <= start + Self.farthest {
      let before = day
      for calendar in exclude { day = calendar.days.firstOther(notBefore: day) }
      for calendar in require {
        guard let next = calendar.days.firstDay(notBefore: day) else { return nil }
        day = next
      }
      if day == before { return day }
    }
    return nil
  }

  /// Whether a day is allowed, as days since 1970-01-01.
  func allows(_ day: Int64) -> Bool {
    exclude.allSatisfy { !$0.days.contains(day) } && require.allSatisfy { $0.days.contains(day) }
  }
}
