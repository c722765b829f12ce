import MillraceCore

extension Engine {
  /// - Throws: `Refusal` if this runner has no schedules, or does not know them yet.
  var scheduleParts: ScheduleParts {
    get throws {
      guard let parts = ports.schedules else {
        throw Refusal(.conflict, "this runner has no schedules")
      }
      guard scheduleBook.upSince != nil, hasCatalog else {
        throw Refusal(
          .starting, "the runner is reading its record and its plugins", hint: "try again in a moment")
      }
      return parts
    }
  }

  func existingSchedule(named name: String) throws -> Schedule {
    if let schedule = scheduleBook.timetable.schedule(named: name) { return schedule }
    let names = scheduleBook.timetable.schedules.map(\.definition.name)
    throw Refusal(
      .notFound,
      "there is no schedule `\(name)`" + (Spelling.question(about: name, among: names) ?? ""),
      hint: "`millrace schedule list` shows what there is")
  }

  /// The same for one that commands may change.
  func ownSchedule(named name: String) throws -> Schedule {
    let schedule = try existingSchedule(named: name)
    guard let file = schedule.file else { return schedule }
    throw Refusal(.conflict, "schedule `\(name)` is from `\(file)`", hint: "change or remove that file")
  }

  /// Throws if a schedule can't be, or would never make a job that is accepted.
  func check(_ schedule: Schedule, _ parts: ScheduleParts) throws {
    let definition = schedule.definition
    try know(definition, parts)
    let now = parts.wall.now()
    if definition.trigger != nil { return try checkTrigger(of: definition, at: now) }
    guard let next = scheduleBook.timetable.plannedTimes(of: schedule, after: now, atMost: 1).first else {
      throw Refusal(.invalid, "it is never due: \(reasonForNever(definition, at: now))")
    }
    _ = try submission(
      of: definition, for: ScheduleDefinition.Occasion(next.time, lastSuccess: nil))
  }

  /// Throws if a schedule that waits for events will never make a job, or one that can't be, whatever comes.
  private func checkTrigger(of definition: ScheduleDefinition, at now: Timestamp) throws {
    let zone = scheduleBook.surroundings.zones[definition.timeZone ?? ""] ?? .utc
    if let until = definition.until, until.time(in: zone) <= now {
      throw Refusal(.invalid, "it takes no events: `until` has passed")
    }
    do {
      let (request, leftOut) = try definition.requestBeforeEvents()
      // What events fill in is checked when they come.
      if leftOut.isEmpty { _ = try submission(of: request) } else { _ = try handler(named: request.handler) }
    } catch let error as Mistakes {
      throw Refusal(.invalid, error.all.map(\.message).joined(separator: "; "))
    }
  }

  /// The same as `existingSchedule` for one with times of its own.
  /// - Throws: `Refusal` also for one that waits for events; `instead` says what can be done.
  func timedSchedule(named name: String, else instead: String) throws -> Schedule {
    let schedule = try existingSchedule(named: name)
    guard schedule.definition.trigger == nil else {
      throw Refusal(
        .conflict, "schedule `\(name)` has no times of its own: it waits for events", hint: instead)
    }
    return schedule
  }

  private func reasonForNever(_ definition: ScheduleDefinition, at now: Timestamp) -> String {
    let zone = scheduleBook.surroundings.zones[definition.timeZone ?? ""] ?? .utc
    if let until = definition.until, until.time(in: zone) <= now { return "`until` has passed" }
    switch definition.timing {
    case .at: return "`at` has passed"
    case .cron, .every, .trigger: return "there is no time between now and `until`, or the calendar's end"
    }
  }

  /// Makes a change of a schedule; returned means on record.
  func change(_ change: ScheduleChange, _ parts: ScheduleParts) async throws -> ScheduleStanding {
    guard let schedule = try await record(change, parts) else {
      preconditionFailure("only a removal leaves no schedule")
    }
    return standing(of: schedule)
  }

  /// Puts a change on record and then into the timetable; returns the schedule, nil for a removed one.
  func record(_ change: ScheduleChange, _ parts: ScheduleParts) async throws -> Schedule? {
    let schedule = try await parts.store.change(change, at: ports.clock.now())
    if let schedule { scheduleBook.timetable.put(schedule) }
    if case .remove(let id, _) = change { scheduleBook.timetable.remove(id) }
    return schedule
  }

  func standing(of schedule: Schedule) -> ScheduleStanding {
    ScheduleStanding(
      schedule: schedule,
      next: scheduleBook.timetable.plannedTimes(of: schedule, after: schedule.decided, atMost: 1).first,
      unfinished: scheduleBook.timetable.unfinishedJobs(of: schedule.id))
  }

  /// Returns a point in time as the clock of a schedule's zone shows it.
  /// - Throws: `Refusal` if its zone can't be used.
  func nominalTime(_ time: Timestamp, of schedule: Schedule) throws -> NominalTime {
    guard let nominal = try zone(of: schedule).nominalTime(at: time) else {
      throw Refusal(.invalid, "\(BeyondCalendar())", hint: "the wall clock shows \(time.rawValue) µs")
    }
    return nominal
  }

  private func zone(of schedule: Schedule) throws -> ZoneRules {
    let name = schedule.definition.timeZone ?? ""
    if let zone = scheduleBook.surroundings.zones[name] { return zone }
    throw Refusal(
      .invalid, "schedule `\(schedule.definition.name)` has no time zone `\(name)` on this machine")
  }

  /// Returns the nominal times of a span that has passed.
  func times(
    of schedule: Schedule, in range: BackfillRange, until now: Timestamp
  ) throws -> [NominalTime] {
    let zone = try zone(of: schedule)
    let (from, to) = (range.from.time(in: zone), range.to.time(in: zone))
    guard from <= to else { throw Refusal(.invalid, "the span ends before it begins") }
    guard to <= now else {
      throw Refusal(
        .invalid, "the span must have passed", hint: "the times to come make their jobs by themselves")
    }
    let most = 10 * Backfill.largest
    let times = scheduleBook.timetable.nominalTimes(of: schedule, from: from, through: to, atMost: most + 1)
    guard times.count <= most else {
      throw Refusal(.invalid, "the span has more than \(most) times", hint: "take a shorter one")
    }
    return times
  }
}
