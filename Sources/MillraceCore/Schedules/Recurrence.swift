/// When a schedule is due.
package enum Recurrence: Sendable, Hashable {
  /// At the minutes that a cron expression says, in the schedule's zone.
  case cron(CronExpression, DaylightRule)
  /// One span after a point in time, two spans after it, and so on, whatever the clock on the wall does.
  case every(Duration, since: Timestamp)
  /// Once; a time of the clock is that of the schedule's zone.
  case at(WrittenTime)

  /// Returns the next time that is due.
  ///
  /// - Parameters:
  ///   - start: the time is after this one, never the same.
  ///   - zone: the schedule's zone.
  /// - Returns: nil if there is none any more, or never one.
  /// - Throws: `BeyondCalendar` if it lies outside of the years 0 to 9999, or the start does.
  package func next(after start: Timestamp, in zone: ZoneRules) throws(BeyondCalendar) -> NominalTime? {
    switch self {
    case .cron(let expression, let rule):
      return try expression.next(after: start, in: zone, rule)
    case .every(let span, let since):
      guard span.microseconds > 0 else { return nil }
      let (first, step) = (Int128(since.rawValue), Int128(span.microseconds))
      let passed = max(0, Int128(start.rawValue) - first)
      let next = first + (passed / step + 1) * step
      return try nominal(Timestamp(microseconds: Int64(clamping: next)), zone)
    case .at(let time):
      guard time.time(in: zone) > start else { return nil }
      switch time {
      case .instant(let time): return try nominal(time, zone)
      case .local(let local): return zone.nominalTime(local)
      }
    }
  }

  private func nominal(_ time: Timestamp, _ zone: ZoneRules) throws(BeyondCalendar) -> NominalTime {
    guard let local = zone.local(time) else { throw BeyondCalendar() }
    return NominalTime(time, local, nil)
  }
}
