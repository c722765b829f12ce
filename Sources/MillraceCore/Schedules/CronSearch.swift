extension CronExpression {
  /// Returns the next time that is due.
  ///
  /// - Parameters:
  ///   - start: the time is after this one, never the same.
  ///   - zone: whose calendar and clock are meant.
  ///   - rule: what becomes of times that the clock skips or repeats.
  /// - Returns: nil if there is never one: `0 0 30 2 *`.
  /// - Throws: `BeyondCalendar` if it lies outside of the years 0 to 9999, or the start does.
  package func next(
    after start: Timestamp, in zone: ZoneRules, _ rule: DaylightRule = DaylightRule()
  ) throws(BeyondCalendar) -> NominalTime? {
    var search = CronSearch(expression: self, zone: zone, rule: rule)
    return try search.first(after: start.rawValue.flooredDivision(by: 1_000_000).quotient)
  }
}

/// Looks for the next time of an expression: period by period of one offset, and within one by the calendar.
private struct CronSearch {
  let expression: CronExpression
  let zone: ZoneRules
  let rule: DaylightRule
  /// What was found last in the calendar, and from where on: a far-off day is looked for once.
  private var last: (from: CivilTime, found: CivilTime)?

  init(expression: CronExpression, zone: ZoneRules, rule: DaylightRule) {
    (self.expression, self.zone, self.rule) = (expression, zone, rule)
  }

  /// Far enough for every day that comes again: the calendar repeats itself after 400 years.
  private static let horizon: Int64 = 401 * 366 * 86_400

  mutating func first(after start: Int64) throws(BeyondCalendar) -> NominalTime? {
    guard (CivilTime.first.seconds...CivilTime.last.seconds).contains(start) else { throw BeyondCalendar() }
    var earliest = start + 1
    var period = zone.period(at: earliest)
    var previous = period.start == .min ? nil : zone.period(at: period.start - 1)
    while true {
      do {
        if let found = try first(in: period, behind: previous, notBefore: earliest) { return found }
      } catch {
        if expression.hasDays { throw error }
        return nil
      }
      guard period.end <= start + Self.horizon else { return nil }
      earliest = period.end
      previous = period
      period = zone.period(at: earliest)
    }
  }

  /// Returns the first time within a period of one offset.
  private mutating func first(
    in period: ZonePeriod, behind previous: ZonePeriod?, notBefore earliest: Int64
  ) throws(BeyondCalendar) -> NominalTime? {
    let change = previous.map { period.offset - $0.offset } ?? 0
    var from = earliest + period.offset
    let wasShown = period.start.adding(clamped: previous?.offset ?? 0)
    if !expression.followsTheClock, abs(change) <= DaylightRule.largestChange {
      // It is less than a minute behind the change.
      if change > 0, rule.gap == .run, period.start > earliest - 60,
        let made = try madeUp(wasShown, in: period), made.local.seconds - period.offset >= earliest
      {
        return nominal(made.local, in: period, made.effect)
      }
      if change < 0, rule.repeat == .once { from = max(from, wasShown) }
    }
    let local = try match(notBefore: from)
    let seconds = local.seconds - period.offset
    guard seconds < period.end else { return nil }
    let isSecond = change < 0 && local.seconds < wasShown
    let effect: DaylightEffect? = isSecond ? .second : isShownAgain(local, period) ? .first : nil
    return nominal(local, in: period, effect)
  }

  private func nominal(_ local: CivilTime, in period: ZonePeriod, _ effect: DaylightEffect?) -> NominalTime {
    let seconds = local.seconds - period.offset
    return NominalTime(Timestamp(microseconds: seconds.scaled(by: 1_000_000)), local, effect)
  }

  /// Returns the time at the end of a gap, if something was due in it.
  private mutating func madeUp(
    _ start: Int64, in period: ZonePeriod
  ) throws(BeyondCalendar) -> (local: CivilTime, effect: DaylightEffect)? {
    let skipped = try match(notBefore: start)
    guard let end = CivilTime(seconds: period.start + period.offset)?.roundedUpToMinute() else {
      throw BeyondCalendar()
    }
    // Where a clock changed in the middle of a minute, the next whole one may be due by itself.
    guard skipped < end, end.seconds - period.offset < period.end else { return nil }
    return (end, expression.fits(end) ? .joined(by: skipped) : .moved(from: skipped))
  }

  /// Whether the clock is set back over a time when its period ends.
  private func isShownAgain(_ local: CivilTime, _ period: ZonePeriod) -> Bool {
    // No change is larger than the widest offsets are apart.
    guard period.end < local.seconds + 200_000 else { return false }
    return zone.period(at: period.end).offset + period.end <= local.seconds
  }

  /// Returns the first time of the calendar that fits.
  private mutating func match(notBefore seconds: Int64) throws(BeyondCalendar) -> CivilTime {
    guard let from = CivilTime(seconds: max(seconds, CivilTime.first.seconds)) else { throw BeyondCalendar() }
    if let last, last.from <= from, from <= last.found { return last.found }
    guard let found = expression.first(notBefore: from) else { throw BeyondCalendar() }
    last = (from, found)
    return found
  }
}
