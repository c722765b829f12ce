extension Timetable {
  /// Returns the next times of a schedule of which there is no row, which need not be one of these.
  ///
  /// - Parameters:
  ///   - schedule: the schedule as it stands.
  ///   - time: they are after this one.
  ///   - count: the most times.
  /// - Returns: also those that make no job because of the clock or a calendar; none while its zone or a
  ///   calendar is missing.
  package func plannedTimes(of schedule: Schedule, after time: Timestamp, atMost count: Int) -> [PlannedTime]
  {
    guard let times = NominalTimes(of: schedule, in: surroundings) else { return [] }
    var schedule = schedule
    schedule.decided = max(schedule.decided, time)
    schedule.postponed.removeAll { $0 <= time }
    var planned: [PlannedTime] = []
    while planned.count < count, let due = times.next(of: schedule) {
      schedule.pass(due)
      let ruling = times.ruling(on: due, postponed: schedule.postponed)
      if let time = ruling.postponedTo { schedule.postpone(to: time) }
      if ruling.fate == nil { schedule.runs += 1 }
      planned.append(
        PlannedTime(
          time: due.nominal, fate: ruling.fate,
          note: ruling.notes.isEmpty ? nil : ruling.notes.joined(separator: "; ")))
    }
    return planned
  }

  /// Returns the times of a span at which a schedule makes jobs, whether they have rows or not.
  ///
  /// - Parameters:
  ///   - schedule: the schedule; what was decided and how often it ran does not count.
  ///   - from: the span's beginning, which is in it.
  ///   - through: its end, which is in it.
  ///   - count: the most times.
  /// - Returns: none while its zone or a calendar is missing.
  package func nominalTimes(
    of schedule: Schedule, from: Timestamp, through: Timestamp, atMost count: Int
  ) -> [NominalTime] {
    guard let times = NominalTimes(of: schedule, in: surroundings) else { return [] }
    var schedule = schedule
    schedule.decided = from - .microseconds(1)
    schedule.postponed.removeAll { $0 < from }
    var found: [NominalTime] = []
    while found.count < count,
      let due = times.next(after: schedule.decided, postponed: schedule.postponed),
      due.nominal.time <= through
    {
      schedule.pass(due)
      let ruling = times.ruling(on: due, postponed: schedule.postponed)
      if let time = ruling.postponedTo { schedule.postpone(to: time) }
      if ruling.fate == nil { found.append(due.nominal) }
    }
    return found
  }
}
