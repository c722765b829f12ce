extension Timetable {
  /// How late a time may be without being behind.
  package static let punctual = Duration.seconds(10)
  /// When more times of a span than this are due at once, they get one row.
  package static let mostRows: Int64 = 100_000

  /// Returns what shall be done about the times that are due, in their order.
  ///
  /// Nothing changes by it: when a decision is on record, its schedule is `put`, and its job `began`.
  ///
  /// - Parameters:
  ///   - wall: the time on the wall now.
  ///   - upSince: since when the runner has been there, by the wall clock.
  ///   - count: the most decisions.
  /// - Returns: of each schedule at most one with a job; more may be due than are returned.
  package func decisions(at wall: Timestamp, upSince: Timestamp, atMost count: Int) -> [Decision] {
    var decisions: [Decision] = []
    var unseen = DueQueue.Cursor()
    var seen = DueQueue()
    var readers: [ScheduleID: DueTimes] = [:]
    while decisions.count < count {
      let first = [due.entry(at: unseen), seen.first].compactMap(\.self).min()
      guard let first, first.rank <= wall.rawValue else { break }
      if seen.remove(first.member, rank: first.rank) == false { due.advance(&unseen) }
      var reader = readers[first.member] ?? dueTimes(of: first.member, at: wall, upSince: upSince)
      guard let decision = reader?.decide() else { continue }
      decisions.append(decision)
      guard !decision.tick.fate.hasJob, let reader, let next = reader.next else { continue }
      readers[first.member] = reader
      seen.insert(first.member, rank: next.nominal.time.rawValue)
    }
    return decisions
  }

  private func dueTimes(of id: ScheduleID, at wall: Timestamp, upSince: Timestamp) -> DueTimes? {
    guard let schedule = schedule(id), let times = NominalTimes(of: schedule, in: surroundings) else {
      return nil
    }
    return DueTimes(
      schedule: schedule, times: times, wall: wall, upSince: upSince, unfinished: unfinishedJobs(of: id))
  }
}

/// Decides about the times of one schedule that are due, one after the other.
private struct DueTimes {
  private var schedule: Schedule
  private let times: NominalTimes
  private let wall: Timestamp
  private let upSince: Timestamp
  private let unfinished: [JobID]
  /// The time that is looked at next; nil if there is none any more.
  private(set) var next: NominalTimes.DueTime?
  /// A time that is due too, which makes those before it not the last one.
  private var known: Timestamp?

  init(
    schedule: Schedule, times: NominalTimes, wall: Timestamp, upSince: Timestamp, unfinished: [JobID]
  ) {
    (self.schedule, self.times, self.wall, self.upSince) = (schedule, times, wall, upSince)
    self.unfinished = unfinished
    next = times.next(of: schedule)
  }

  /// Returns the decision about the next time, and moves on.
  mutating func decide() -> Timetable.Decision? {
    guard let due = next else { return nil }
    schedule.pass(due)
    if let many = times.evenTimes(from: due, through: wall), many.count > Timetable.mostRows {
      return decision(about: due, many)
    }
    if schedule.paused != nil {
      next = times.next(of: schedule)
      return decision(about: due, .skippedPaused, notes: [])
    }
    let ruling = times.ruling(on: due, postponed: schedule.postponed)
    if let time = ruling.postponedTo { schedule.postpone(to: time) }
    let (fate, note) = ruling.fate.map { ($0, nil) } ?? fate(of: due.nominal.time)
    if fate.hasJob { schedule.runs += 1 }
    next = times.next(of: schedule)
    return decision(about: due, fate, notes: ruling.notes + [note].compactMap(\.self))
  }

  private func decision(
    about due: NominalTimes.DueTime, _ fate: Fate, notes: [String]
  ) -> Timetable.Decision {
    let tick = Tick(
      schedule: schedule.id, nominal: due.nominal.time, local: due.nominal.text, fate: fate, decided: wall,
      note: notes.isEmpty ? nil : notes.joined(separator: "; "))
    var decision = Timetable.Decision(tick: tick, nominal: due.nominal, schedule: schedule)
    guard fate.hasJob else { return decision }
    decision.jitter = schedule.jitter(at: due.nominal.time)
    decision.follow(unfinished)
    return decision
  }

  /// Decides about very many times at once; the last of them is left for itself.
  private mutating func decision(
    about due: NominalTimes.DueTime, _ many: (count: Int64, last: NominalTime)
  ) -> Timetable.Decision {
    schedule.decided = max(schedule.decided, many.last.time)
    next = times.next(of: schedule)
    let note =
      "this and \(many.count - 1) more times up to \(many.last.text), which have no rows of their own"
    return decision(
      about: due, schedule.paused == nil ? .missedDown : .skippedPaused, notes: [note])
  }

  /// Returns what becomes of a time that clock and calendars allow, and why.
  private mutating func fate(of time: Timestamp) -> (Fate, String?) {
    let lateness = wall - time
    if let window = schedule.definition.window, lateness > window {
      return (.skippedWindow, "\(lateness.text) late; its window is \(window.text)")
    }
    let (fate, note) = fate(of: time, lateness: lateness)
    guard fate.hasJob, schedule.definition.overlap == .skip, let job = unfinished.last else {
      return (fate, note)
    }
    let others = unfinished.count > 1 ? " and \(unfinished.count - 1) before it" : ""
    return (.skippedOverlap, "job \(job)\(others) had not ended")
  }

  private mutating func fate(of time: Timestamp, lateness: Duration) -> (Fate, String?) {
    if lateness <= Timetable.punctual { return (.ran, nil) }
    let text = "\(lateness.text) late"
    let catchUp = schedule.definition.catchUp
    if time >= upSince {
      if catchUp == .all || isLast(time) { return (.late, text) }
      return (
        .missedDown,
        "the runner could not act: the machine slept, the clock was set, or the record could not be written"
      )
    }
    switch catchUp {
    case .all: return (.caughtUp, text)
    case .none: return (.missedDown, nil)
    case .latest:
      return isLast(time) ? (.caughtUp, text) : (.missedDown, "only the last time is made up for")
    }
  }

  /// Whether no later time is due by now.
  private mutating func isLast(_ time: Timestamp) -> Bool {
    if let known, known > time { return false }
    known = times.allowedTime(after: schedule.decided, through: wall, postponed: schedule.postponed)
    return known == nil
  }
}
