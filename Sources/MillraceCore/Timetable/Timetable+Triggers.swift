/// Events that a schedule gathers for one job.
package struct GatheredEvents: Sendable, Hashable {
  package var count: Int
  /// When the first and the last of them were taken in.
  package var first: Timestamp
  package var last: Timestamp

  package init(count: Int, first: Timestamp, last: Timestamp) {
    self.count = count
    self.first = first
    self.last = last
  }
}

extension Timetable {
  /// What shall be done about an event for one schedule.
  package enum EventRuling: Sendable, Equatable {
    /// It is gathered with others.
    case gather
    case decide(Decision)
  }

  /// Returns the schedules that an event concerns, by number.
  package func schedules(toldOf event: CloudEvent) -> [ScheduleID] {
    let told =
      event.schedule.map { [schedule(named: $0)?.id].compactMap(\.self) } ?? listeners.all(of: event.type)
    return told.filter { id in
      guard let definition = schedule(id)?.definition, let trigger = definition.trigger else { return false }
      // Its own address is for what comes by it.
      if case .events = trigger.origin, event.schedule != nil { return false }
      return trigger.filter.matches(event)
    }.sorted()
  }

  /// The directories that schedules watch, by the numbers of these.
  package var watchedFiles: [ScheduleID: Trigger.FileRule] { listeners.files }

  /// Whether some schedule wants to be told of events of a type.
  package func wants(_ event: CloudEvent.BuiltIn) -> Bool { listeners.want(event.rawValue) }

  /// Returns what shall be done about an event for a schedule that it concerns.
  ///
  /// Nothing changes by it: when a decision is on record, its schedule is `put`, and its job `began`; when a
  /// gathering is, `gathered` notes it.
  ///
  /// - Parameters:
  ///   - event: it.
  ///   - schedule: the schedule as it is after what was decided before.
  ///   - wall: the time on the wall now.
  ///   - upSince: since when the runner has been there, by the wall clock.
  /// - Returns: nil if the schedule has ended.
  package func ruling(
    on event: EventRecord, for schedule: Schedule, at wall: Timestamp, upSince: Timestamp
  ) -> EventRuling? {
    guard !hasEnded(schedule, at: event.received) else { return nil }
    if schedule.paused == nil, event.loopReason(for: schedule) == nil,
      schedule.definition.trigger?.gathering.isNeeded ?? false
    {
      return .gather
    }
    return decision(about: [event], of: schedule, at: wall, upSince: upSince).map { .decide($0) }
  }

  /// Returns what shall be done about the events that a schedule has gathered.
  package func decision(
    aboutGathered events: [EventRecord], of id: ScheduleID, at wall: Timestamp, upSince: Timestamp
  ) -> Decision? {
    schedule(id).flatMap { decision(about: events, of: $0, at: wall, upSince: upSince) }
  }

  /// Returns the schedules whose gathered events make their jobs now, by number.
  package func gatheringsDue(at wall: Timestamp) -> [ScheduleID] {
    gathered.keys.filter { id in
      schedule(id).flatMap(gatheringEnd).map { $0 <= wall } ?? false
    }.sorted()
  }

  /// Returns how many more events a schedule gathers before those that it has make their job.
  package func gatheringRoom(of schedule: Schedule) -> Int {
    let most = min(schedule.definition.trigger?.gathering.size ?? .max, Trigger.Gathering.largest)
    return most - (gathered[schedule.id]?.count ?? 0)
  }

  /// An event is gathered for a schedule.
  package mutating func gather(_ event: EventRecord, for id: ScheduleID) {
    var events = gathered[id] ?? GatheredEvents(count: 0, first: event.received, last: event.received)
    events.count += 1
    events.last = max(events.last, event.received)
    gathered[id] = events
    findNext(of: id)
  }

  /// Takes up what was gathered before the runner came.
  package mutating func restore(_ events: GatheredEvents, for id: ScheduleID) {
    gathered[id] = events
    findNext(of: id)
  }

  /// What a schedule has gathered has its row.
  package mutating func forgetGathered(of id: ScheduleID) {
    gathered[id] = nil
    findNext(of: id)
  }

  /// Returns when what a schedule gathers makes its job; nil if it has gathered nothing.
  func gatheringEnd(of schedule: Schedule) -> Timestamp? {
    guard let events = gathered[schedule.id] else { return nil }
    let gathering = schedule.definition.trigger?.gathering ?? Trigger.Gathering()
    return gathering.due(count: events.count, first: events.first, last: events.last)
  }

  private func hasEnded(_ schedule: Schedule, at time: Timestamp) -> Bool {
    if let most = schedule.definition.maxRuns, schedule.runs >= most { return true }
    guard let until = schedule.definition.until else { return false }
    return time > until.time(in: surroundings.zones[schedule.definition.timeZone ?? ""] ?? .utc)
  }

  /// Decides about events that belong to one job: its time is when the last of them was taken in.
  private func decision(
    about events: [EventRecord], of schedule: Schedule, at wall: Timestamp, upSince: Timestamp
  ) -> Decision? {
    guard let event = events.last else { return nil }
    // Two events of one microsecond have two rows.
    let time = max(event.received, schedule.decided + .microseconds(1))
    let zone = surroundings.zones[schedule.definition.timeZone ?? ""]
    guard let nominal = (zone ?? .utc).nominalTime(at: time) else { return nil }
    let unfinished = unfinishedJobs(of: schedule.id)
    var (fate, notes) = schedule.fate(of: event, at: wall, upSince: upSince, unfinished: unfinished)
    if fate.hasJob, zone == nil {
      (fate, notes) = (.failedToSubmit, ["its time zone is not known"])
    }
    notes.insert(events.text, at: 0)
    var after = schedule
    after.decided = time
    if fate.hasJob { after.runs += 1 }
    let tick = Tick(
      schedule: schedule.id, nominal: time, local: nominal.text, fate: fate, decided: wall,
      note: notes.joined(separator: "; "))
    var decision = Decision(tick: tick, nominal: nominal, schedule: after)
    decision.events = events
    if fate.hasJob { decision.follow(unfinished) }
    return decision
  }
}

extension Timetable.Decision {
  /// Says what its job has to do with jobs of earlier times that have not ended.
  mutating func follow(_ unfinished: [JobID]) {
    switch schedule.definition.overlap {
    case .allow, .skip: break
    case .queue: after = unfinished.suffix(1)
    case .cancelRunning: (cancels, after) = (unfinished, unfinished)
    }
  }
}

extension Schedule {
  /// Returns what becomes of an event, and why.
  fileprivate func fate(
    of event: EventRecord, at wall: Timestamp, upSince: Timestamp, unfinished: [JobID]
  ) -> (Fate, [String]) {
    if let reason = event.loopReason(for: self) { return (.skippedLoop, [reason]) }
    if paused != nil { return (.skippedPaused, []) }
    let lateness = wall - event.received
    if let window = definition.window, lateness > window {
      return (.skippedWindow, ["\(lateness.text) late; its window is \(window.text)"])
    }
    if definition.overlap == .skip, let job = unfinished.last {
      return (.skippedOverlap, ["job \(job) had not ended"])
    }
    let waited = definition.trigger?.gathering.isNeeded ?? false
    if event.received < upSince { return (.caughtUp, ["it came before the runner was there"]) }
    return waited || lateness <= Timetable.punctual ? (.ran, []) : (.late, ["\(lateness.text) late"])
  }
}

extension EventRecord {
  /// Says why it makes no job of a schedule: it is the work of that schedule; nil if it can.
  fileprivate func loopReason(for schedule: Schedule) -> String? {
    let name = schedule.definition.name
    if event.source == CloudEvent.runner,
      event.value(at: ["data", "labels", ScheduleDefinition.label]) == .string(name)
    {
      return "it is about a job of `\(name)` itself"
    }
    guard hops > Self.mostHops else { return nil }
    return "\(hops) jobs of schedules led to it, one behind the other: it goes round in a circle"
  }
}

extension [EventRecord] {
  /// `event 17, upload.finished`, `events 17 to 30, 12 of them`.
  fileprivate var text: String {
    guard let first, let last else { return "" }
    if count == 1 { return "event \(first.number), `\(first.event.type)`" }
    return "events \(first.number) to \(last.number), \(count) of them"
  }
}
