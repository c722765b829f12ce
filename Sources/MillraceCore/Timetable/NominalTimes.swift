/// The nominal times of a schedule, with those that the clock or a calendar takes away.
struct NominalTimes: Sendable {
  private let definition: ScheduleDefinition
  private let recurrence: Recurrence
  /// Cron with every time that a change of the clock could take away; nil if there are none such.
  private let unabridged: Recurrence?
  private let zone: ZoneRules
  private let days: CalendarDays
  private let until: Timestamp?

  /// A time of the walk.
  struct DueTime: Sendable, Equatable {
    var nominal: NominalTime
    /// What becomes of it if the schedule's rule for daylight saving takes it away: skipped-gap or
    /// doubled-hour.
    var clockFate: Fate?
    /// Whether a calendar has put it off to its day.
    var isPostponed = false
  }

  /// Returns nil if it has no times of its own, or if the zone or a calendar is not known.
  init?(of schedule: Schedule, in surroundings: Timetable.Surroundings) {
    definition = schedule.definition
    guard let recurrence = definition.timing.recurrence(since: schedule.created),
      let zone = surroundings.zones[definition.timeZone ?? ""],
      let days = CalendarDays(definition.calendars, in: surroundings.calendars)
    else { return nil }
    (self.recurrence, self.zone, self.days) = (recurrence, zone, days)
    until = definition.until?.time(in: zone)
    let all = DaylightRule(gap: .run, repeat: .both)
    if case .cron(let expression, let rule) = recurrence, !expression.followsTheClock, rule != all {
      unabridged = .cron(expression, all)
    } else {
      unabridged = nil
    }
  }

  /// Returns the next time of a schedule that has no row; nil if there is none any more.
  func next(of schedule: Schedule) -> DueTime? {
    if let most = definition.maxRuns, schedule.runs >= most { return nil }
    return next(after: schedule.decided, postponed: schedule.postponed)
  }

  /// Returns the next time of the rule after another one, or the first of those that were put off, whenever
  /// that is.
  func next(after time: Timestamp, postponed: [Timestamp]) -> DueTime? {
    let own = ruleTime(after: time)
    guard let first = postponed.first, isInTime(first), let local = zone.local(first) else { return own }
    if var own, own.nominal.time <= first {
      own.isPostponed = own.nominal.time == first
      return own
    }
    return DueTime(nominal: NominalTime(first, local, nil), isPostponed: true)
  }

  /// Returns how many times are due after one and up to another, and the last of them, if they are so many
  /// and all alike; nil for times that must be looked at one by one.
  func evenTimes(from first: DueTime, through end: Timestamp) -> (count: Int64, last: NominalTime)? {
    guard case .every(let span, _) = recurrence, !first.isPostponed else { return nil }
    let end = min(end, until ?? end)
    let between = Int128(end.rawValue) - Int128(first.nominal.time.rawValue)
    guard between > 0 else { return nil }
    let count = between / Int128(span.microseconds)
    let last = Timestamp(microseconds: end.rawValue - Int64(between % Int128(span.microseconds)))
    return zone.local(last - span).map { (Int64(count), NominalTime(last - span, $0, nil)) }
  }

  private func ruleTime(after time: Timestamp) -> DueTime? {
    guard let next = Self.next(of: unabridged ?? recurrence, after: time, in: zone), isInTime(next.time)
    else { return nil }
    guard unabridged != nil, next.daylight != nil else { return DueTime(nominal: next) }
    if let own = Self.next(of: recurrence, after: next.time - .microseconds(1), in: zone),
      own.time == next.time
    {
      return DueTime(nominal: own)
    }
    return DueTime(nominal: next, clockFate: next.daylight == .second ? .doubledHour : .skippedGap)
  }

  /// Whether the schedule has not ended by then.
  private func isInTime(_ time: Timestamp) -> Bool { until.map { time <= $0 } ?? true }

  /// Behind the calendar's end nothing is due.
  private static func next(
    of recurrence: Recurrence, after time: Timestamp, in zone: ZoneRules
  ) -> NominalTime? {
    do throws(BeyondCalendar) { return try recurrence.next(after: time, in: zone) } catch { return nil }
  }
}

extension NominalTimes {
  /// What the clock and the calendars make of a time.
  struct Ruling {
    /// Nil if they allow it.
    var fate: Fate?
    /// What there is to say about it.
    var notes: [String] = []
    /// When it is due instead, if that is no nominal time yet.
    var postponedTo: Timestamp?
  }

  /// Returns what becomes of a time, whoever is there.
  func ruling(on due: DueTime, postponed: [Timestamp]) -> Ruling {
    let effect = due.nominal.daylight
    if let fate = due.clockFate {
      return Ruling(fate: fate, notes: [effect?.textIfLeftOut].compactMap(\.self))
    }
    var ruling = Ruling(notes: [effect?.text].compactMap(\.self))
    if due.isPostponed { ruling.notes.append(originText(of: due.nominal.local)) }
    guard let reason = days.reason(against: due.nominal.local) else { return ruling }
    ruling.fate = .skippedCalendar
    ruling.notes.append(reason)
    guard definition.calendars.otherwise == .nextAllowedDay else { return ruling }
    guard let target = nextAllowedDay(for: due.nominal.local) else {
      ruling.notes.append("no day of the next ten years is allowed")
      return ruling
    }
    guard isInTime(target.time) else {
      ruling.notes.append("the schedule ends before the next day that is allowed")
      return ruling
    }
    ruling.notes.append("put off to \(target.text)")
    if !postponed.contains(target.time), !isOwn(target.time) { ruling.postponedTo = target.time }
    return ruling
  }

  /// Returns a time after another one, up to the end of a span, that clock and calendars allow, be it
  /// one that
  /// they put off; nil if there is none.
  func allowedTime(after start: Timestamp, through end: Timestamp, postponed: [Timestamp]) -> Timestamp? {
    var (start, postponed) = (start, postponed)
    while let due = next(after: start, postponed: postponed), due.nominal.time <= end {
      let time = due.nominal.time
      if due.isPostponed { postponed.removeFirst() }
      start = max(start, time)
      guard due.clockFate == nil else { continue }
      let day = due.nominal.local.date.daysSinceEpoch
      if days.allows(day) { return time }
      guard let target = nextAllowedDay(for: due.nominal.local) else { return nil }
      if definition.calendars.otherwise == .nextAllowedDay {
        if target.time <= end, isInTime(target.time) { return target.time }
      } else if let midnight = CivilTime(target.local.date) {
        // What lies between is skipped, all of it.
        start = max(start, zone.nominalTime(midnight).time - .microseconds(1))
      }
    }
    return nil
  }

  private func nextAllowedDay(for local: CivilTime) -> NominalTime? {
    guard let day = days.firstAllowed(notBefore: local.date.daysSinceEpoch + 1) else { return nil }
    return self.local(day, at: local).map { zone.nominalTime($0) }
  }

  /// Says from which days a time was put off: those right before it that are not allowed.
  private func originText(of local: CivilTime) -> String {
    var day = local.date.daysSinceEpoch - 1
    let first = day - CalendarDays.farthest
    var origins: [CivilTime] = []
    while day >= first, !days.allows(day), let time = self.local(day, at: local) {
      if isOwn(zone.nominalTime(time).time) { origins.append(time) }
      day -= 1
    }
    guard let first = origins.last, let last = origins.first else { return "put off from an earlier day" }
    if origins.count == 1 { return "put off from \(first.dayText)" }
    return "put off from \(origins.count) days, \(first.dayText) to \(last.dayText)"
  }

  /// Returns the same time of another day, which is counted from 1970-01-01.
  private func local(_ day: Int64, at time: CivilTime) -> CivilTime? {
    CivilTime(seconds: day * 86_400 + Int64(time.secondOfDay))
  }

  /// Whether the schedule is due at a time by its own rule.
  private func isOwn(_ time: Timestamp) -> Bool {
    ruleTime(after: time - .microseconds(1)).map { $0.nominal.time == time && $0.clockFate == nil } ?? false
  }
}

extension DaylightEffect {
  /// In words, where the time is left out: `the clock skips 03:30`.
  fileprivate var textIfLeftOut: String {
    skipped.map { "the clock skips \($0.clockText.prefix(5))" } ?? text
  }
}
