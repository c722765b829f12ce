import Logging
import MillraceCore

extension Engine {
  /// Takes up the schedules on record. After the jobs: those that ended meanwhile hold nothing up any more.
  func restoreSchedules() async throws {
    guard let parts = ports.schedules else { return }
    let found = try await parts.store.schedules()
    for schedule in found { see(what: schedule.definition, parts) }
    scheduleBook.timetable = Timetable(surroundings: scheduleBook.surroundings)
    for schedule in found { scheduleBook.timetable.put(schedule) }
    for (id, jobs) in try await parts.store.unfinishedJobsOfSchedules() {
      for job in jobs { scheduleBook.timetable.began(job, of: id) }
    }
    for (id, events) in try await parts.store.gatherings() { scheduleBook.timetable.restore(events, for: id) }
    eventBook.openCount = try await parts.store.openEventCount()
    eventBook.mayHaveOpen = eventBook.openCount > 0
    scheduleBook.upSince = parts.wall.now()
    if !found.isEmpty { log.notice("schedules read", metadata: ["count": "\(found.count)"]) }
  }

  /// Listens to what changes beside the jobs.
  func watchSchedules() async {
    guard let parts = ports.schedules else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for await _ in parts.wall.steps { self.ring.yield() } }
      group.addTask { for await change in parts.source.changes { await self.take(change) } }
      group.addTask { for await change in parts.files.changes { await self.take(change) } }
    }
  }

  private func take(_ change: ScheduleSourceChange) {
    switch change {
    case .files(let schedules, let unreadable):
      put(
        .operation(
          Operation { engine, _ in
            engine.scheduleBook.files = (schedules, unreadable)
            engine.scheduleBook.hasReadFiles = true
            return Accepted()
          }))
    case .surroundings:
      put(
        .operation(
          Operation { engine, _ in
            engine.renewSurroundings()
            return Accepted()
          }))
    case .notice(let text):
      note(text)
    }
  }

  /// Sees to it that the zone and the calendars of a definition are known; what can't be used is told once.
  private func see(what definition: ScheduleDefinition, _ parts: ScheduleParts) {
    do { try know(definition, parts) } catch {
      let text = "schedule `\(definition.name)`: \((error as? Refusal)?.message ?? "\(error)")"
      if scheduleBook.complaints.insert(text).inserted { note(text) }
    }
  }

  /// Sees to it that the zone and the calendars of a definition are known.
  /// - Throws: `Refusal` for what can't be used.
  func know(_ definition: ScheduleDefinition, _ parts: ScheduleParts) throws {
    var known = scheduleBook.surroundings
    let zone = definition.timeZone ?? ""
    if known.zones[zone] == nil { known.zones[zone] = try parts.source.zone(named: zone) }
    for name in definition.calendars.exclude + definition.calendars.require
    where known.calendars[name] == nil {
      known.calendars[name] = try parts.source.calendar(named: name)
    }
    guard
      known.zones.count + known.calendars.count
        > scheduleBook.surroundings.zones.count + scheduleBook.surroundings.calendars.count
    else { return }
    scheduleBook.surroundings = known
    scheduleBook.timetable.adopt(known)
  }

  /// Asks for zones and calendars anew: their files have changed.
  private func renewSurroundings() {
    guard let parts = ports.schedules else { return }
    scheduleBook.surroundings = Timetable.Surroundings()
    scheduleBook.complaints = []
    for schedule in scheduleBook.timetable.schedules { see(what: schedule.definition, parts) }
    scheduleBook.timetable.adopt(scheduleBook.surroundings)
    log.notice("time zones and calendars read anew")
  }

  /// Makes the record agree with the schedules in files, if these are new; again later if that fails. What
  /// can't be read says nothing: its schedules stay as they are on record.
  func adoptFiles(_ parts: ScheduleParts) async {
    guard let files = scheduleBook.files, trouble == nil, scheduleBook.upSince != nil else { return }
    do {
      var kept: Set<String> = []
      for (definition, file) in files.schedules {
        kept.insert(definition.name)
        try await adopt(definition, from: file, parts)
      }
      for schedule in scheduleBook.timetable.schedules where !kept.contains(schedule.definition.name) {
        guard let file = schedule.file, !files.unreadable.contains(where: { isPath(file, atOrBelow: $0) })
        else { continue }
        _ = try await record(.remove(schedule.id, at: parts.wall.now()), parts)
        log.notice("schedule removed", metadata: ["schedule": "\(schedule.definition.name)"])
      }
      scheduleBook.files = nil
    } catch {
      // It is tried again when the record can be written.
      let refusal = refusal(for: error)
      if trouble == nil {
        scheduleBook.files = nil
        note("schedules in files can't be put on record: \(refusal.message)")
      }
    }
  }

  private func adopt(
    _ definition: ScheduleDefinition, from file: String, _ parts: ScheduleParts
  ) async throws {
    let present = scheduleBook.timetable.schedule(named: definition.name)
    if let present, present.file == nil {
      return complain(
        "`\(file)`: a command added a schedule `\(definition.name)`; remove that, or rename this one")
    }
    if let present, present.definition.source == definition.source, present.file == file { return }
    do { try know(definition, parts) } catch let error as Refusal {
      return complain("`\(file)`: \(error.message)\(present == nil ? "" : "; as it was, it stays in force")")
    }
    let now = parts.wall.now().wholeSecond
    let change: ScheduleChange =
      present.map { .replace($0.id, definition, file: file, decided: max(now, $0.created)) }
      ?? .add(definition, file: file, created: now)
    guard try await record(change, parts) != nil else { return }
    log.notice("schedule loaded", metadata: ["schedule": "\(definition.name)", "file": "\(file)"])
  }

  private func isPath(_ path: String, atOrBelow other: String) -> Bool {
    path == other || path.utf8.starts(with: "\(other)/".utf8)
  }

  private func complain(_ text: String) {
    if scheduleBook.complaints.insert(text).inserted { note(text) }
  }
}
