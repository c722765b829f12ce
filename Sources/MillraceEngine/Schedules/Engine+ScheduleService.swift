package import MillraceCore

extension Engine: ScheduleService {
  package func add(_ definition: ScheduleDefinition) async throws -> ScheduleStanding {
    try await withSchedules { engine, parts, _ in
      if let present = engine.scheduleBook.timetable.schedule(named: definition.name) {
        throw Refusal(
          .conflict,
          "there is a schedule `\(definition.name)` already" + (present.file == nil ? "" : ", in a file"),
          hint: "`millrace schedule edit \(definition.name)` changes it")
      }
      let now = parts.wall.now().wholeSecond
      try engine.check(Schedule(id: ScheduleID(0), definition, created: now), parts)
      return (try await engine.change(.add(definition, file: nil, created: now), parts), Accepted())
    }
  }

  package func edit(
    _ name: String, to definition: ScheduleDefinition, from revisions: Set<String>? = nil
  ) async throws -> ScheduleStanding {
    try await withSchedules { engine, parts, _ in
      var schedule = try engine.ownSchedule(named: name)
      try schedule.definition.demand(oneOf: revisions)
      guard definition.name == name else {
        throw Refusal(
          .invalid, "`\(name)` can't become `\(definition.name)`: its rows have its name",
          hint: "add another schedule and remove this one")
      }
      schedule.definition = definition
      schedule.decided = max(parts.wall.now().wholeSecond, schedule.created)
      try engine.check(schedule, parts)
      let change = ScheduleChange.replace(schedule.id, definition, file: nil, decided: schedule.decided)
      return (try await engine.change(change, parts), Accepted())
    }
  }

  package func pause(_ name: String, _ isPaused: Bool) async throws -> ScheduleStanding {
    try await withSchedules { engine, parts, _ in
      let schedule = try engine.existingSchedule(named: name)
      guard (schedule.paused != nil) != isPaused else { return (engine.standing(of: schedule), Accepted()) }
      let change = ScheduleChange.pause(schedule.id, since: isPaused ? parts.wall.now() : nil)
      return (try await engine.change(change, parts), Accepted())
    }
  }

  package func remove(schedule name: String, of revisions: Set<String>? = nil) async throws {
    try await withSchedules { engine, parts, _ in
      let schedule = try engine.ownSchedule(named: name)
      try schedule.definition.demand(oneOf: revisions)
      _ = try await engine.record(.remove(schedule.id, at: parts.wall.now()), parts)
      return ((), Accepted())
    }
  }

  package func runNow(_ name: String, key: JobKey? = nil) async throws -> Acceptance {
    try await withSchedules { engine, parts, others in
      let schedule = try engine.timedSchedule(
        named: name, else: "`millrace event emit` announces one")
      let time = try engine.nominalTime(parts.wall.now(), of: schedule)
      try engine.demandRoom(for: 1, besides: others)
      let tick = Tick(
        schedule: schedule.id, nominal: time.time, local: time.text, fate: .manual, decided: time.time)
      var submission = try await engine.submission(of: schedule, at: time, parts.store)
      if let key {
        try JobIdentity.check(key: key.text)
        submission.key = key
      }
      let claim = Claim(tick: tick, schedule: schedule, submission: submission)
      let (accepted, results) = try await engine.record([claim], in: parts.store)
      guard case .claimed(let acceptance?)? = results.first else {
        throw Refusal(.conflict, "`\(name)` has a time at this very moment", hint: "try again")
      }
      return (acceptance, accepted)
    }
  }

  package func backfill(_ name: String, _ range: BackfillRange) async throws -> Backfill {
    try await withSchedules { engine, parts, others in
      let schedule = try engine.timedSchedule(
        named: name, else: "`millrace event list` shows those that came")
      let times = try engine.times(of: schedule, in: range, until: parts.wall.now())
      var filter = TickFilter(schedule: schedule.id, limit: 10 * Backfill.largest)
      (filter.from, filter.before) = (times.first?.time, times.last.map { $0.time + .microseconds(1) })
      let rows = times.isEmpty ? [] : try await parts.store.ticks(matching: filter)
      let taken = Set(rows.filter { $0.tick.job != nil }.map(\.tick.nominal))
      let former = Dictionary(uniqueKeysWithValues: rows.map { ($0.tick.nominal, $0.tick.fate) })
      let open = times.filter { !taken.contains($0.time) }
      guard open.count <= Backfill.largest else {
        throw Refusal(
          .invalid, "these are more than \(Backfill.largest) times without a job",
          hint: "take a shorter span, and go on with the next when it is done")
      }
      try engine.demandRoom(for: open.count, besides: others)
      var claims: [Claim] = []
      for time in open {
        var claim = Claim(
          tick: Tick(
            schedule: schedule.id, nominal: time.time, local: time.text, fate: .caughtUp,
            decided: parts.wall.now(),
            note: former[time.time].map { "by hand; it was \($0.rawValue)" } ?? "by hand"),
          schedule: schedule,
          submission: try await engine.submission(of: schedule, at: time, parts.store))
        if schedule.definition.overlap != .allow, !claims.isEmpty {
          claim.submission?.after.append(Dependency(.position(claims.count - 1), .any))
        }
        claim.replaces = true
        claims.append(claim)
      }
      let (accepted, results) = try await engine.record(claims, in: parts.store)
      let ticks = zip(claims, results).compactMap { $0.row(of: $1) }
      return (Backfill(ticks: ticks, existing: times.count - open.count), accepted)
    }
  }

  package func schedules(after name: String = "", atMost count: Int = .max) -> [ScheduleStanding] {
    scheduleBook.timetable.schedules(after: name, atMost: count).map(standing)
  }

  package func schedule(named name: String) throws -> ScheduleStanding {
    standing(of: try existingSchedule(named: name))
  }

  package func preview(_ name: String, count: Int) throws -> [PlannedTime] {
    let parts = try scheduleParts
    let schedule = try timedSchedule(
      named: name, else: "`millrace schedule history \(name)` shows what came of them")
    return scheduleBook.timetable.plannedTimes(of: schedule, after: parts.wall.now(), atMost: count)
  }

  package func fates(handler: String?) async throws -> [Fate: Int] {
    try await scheduleParts.store.fates(lastOfEach: learningWindow, handler: handler)
  }

  nonisolated package var scheduleRecord: any ScheduleReader {
    guard let parts = ports.schedules else { preconditionFailure("an engine without schedules serves none") }
    return parts.store
  }

  /// Does something with schedules in the next tick.
  /// - Throws: `Refusal` if the record can't be written, or schedules are not known.
  private func withSchedules<Value: Sendable>(
    _ body: @escaping @Sendable (isolated Engine, ScheduleParts, Int) async throws -> (Value, Accepted)
  ) async throws -> Value {
    try await operate { engine, others in
      if let trouble = engine.trouble { throw trouble.refusal }
      return try await body(engine, try engine.scheduleParts, others)
    }
  }
}
