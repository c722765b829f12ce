/// All schedules, and when the next of them is due: pure, and a value, so that what could not be put on
/// record is undone by keeping the one before.
package struct Timetable: Sendable {
  /// What schedules name and others know.
  package struct Surroundings: Sendable, Equatable {
    /// By name; the machine's own has the empty one.
    package var zones: [String: ZoneRules]
    package var calendars: [String: DayCalendar]

    package init(zones: [String: ZoneRules] = [:], calendars: [String: DayCalendar] = [:]) {
      self.zones = zones
      self.calendars = calendars
    }
  }

  /// What shall be done about a nominal time: put on record, and a job made if its fate has one.
  package struct Decision: Sendable, Equatable {
    /// Without its job.
    package var tick: Tick
    /// When it is due, as the clock of its zone shows it: what its job is told.
    package var nominal: NominalTime
    /// The schedule as it is afterwards.
    package var schedule: Schedule
    /// How long after its nominal time the job starts at the earliest.
    package var jitter: Duration = .zero
    /// Jobs of earlier times that are cancelled for it.
    package var cancels: [JobID] = []
    /// Jobs that must have ended before its own is queued.
    package var after: [JobID] = []
    /// The events that it is about, in their order; none for a time of its own.
    package var events: [EventRecord] = []
  }

  private struct Entry: Sendable {
    var schedule: Schedule
    /// Its next time of which there is no row, or when what it gathers makes a job; nil if there is none.
    var next: Timestamp?
  }

  typealias DueQueue = OrderedQueue<ScheduleID>

  private(set) package var surroundings: Surroundings
  private var entries: [ScheduleID: Entry] = [:]
  private var ids: [String: ScheduleID] = [:]
  /// All names, in one rank: a page of schedules is looked up, and nothing is sorted for it.
  private var names = OrderedQueue<String>()
  /// The schedules by their next times.
  private(set) var due = DueQueue()
  /// Jobs of schedules that have not ended, by number.
  private var unfinished: [ScheduleID: [JobID]] = [:]
  private var owners: [JobID: ScheduleID] = [:]
  private(set) var listeners = Listeners()
  /// The events that schedules gather.
  var gathered: [ScheduleID: GatheredEvents] = [:]

  /// Makes one without schedules.
  package init(surroundings: Surroundings = Surroundings()) { self.surroundings = surroundings }

  /// The schedules, by name.
  package var schedules: [Schedule] { schedules(after: "", atMost: .max) }

  /// Returns the schedules whose names come after one, by name; at most so many.
  package func schedules(after name: String, atMost count: Int) -> [Schedule] {
    var schedules: [Schedule] = []
    var place = names.cursor(behind: name, rank: 0)
    while schedules.count < count, let entry = names.entry(at: place) {
      if let schedule = schedule(named: entry.member) { schedules.append(schedule) }
      names.advance(&place)
    }
    return schedules
  }

  /// How many schedules there are.
  package var count: Int { entries.count }

  /// Returns a schedule; nil if there is none of that name.
  package func schedule(named name: String) -> Schedule? { ids[name].flatMap { schedule($0) } }

  /// Returns a schedule; nil if there is none of that number.
  package func schedule(_ id: ScheduleID) -> Schedule? { entries[id]?.schedule }

  /// When something is due next, which may have passed; nil if nothing ever is.
  package var nextTime: Timestamp? { due.first.map { Timestamp(rawValue: $0.rank) } }

  /// Adds a schedule, or takes it as it is now. No two have the same name.
  package mutating func put(_ schedule: Schedule) {
    let name = schedule.definition.name
    precondition(ids[name] ?? schedule.id == schedule.id, "the name `\(name)` is taken")
    if let former = entries[schedule.id]?.schedule, former.definition.name == name {
      takeTime(of: schedule.id)
      listeners.remove(former)
    } else {
      takeOut(schedule.id)
      ids[name] = schedule.id
      names.insert(name, rank: 0)
    }
    entries[schedule.id] = Entry(schedule: schedule)
    listeners.add(schedule)
    findNext(of: schedule.id)
  }

  /// Removes a schedule; its jobs are forgotten.
  package mutating func remove(_ id: ScheduleID) {
    takeOut(id)
    gathered[id] = nil
    for job in unfinished.removeValue(forKey: id) ?? [] { owners[job] = nil }
  }

  private mutating func takeOut(_ id: ScheduleID) {
    takeTime(of: id)
    guard let entry = entries.removeValue(forKey: id) else { return }
    listeners.remove(entry.schedule)
    let name = entry.schedule.definition.name
    ids[name] = nil
    names.remove(name, rank: 0)
  }

  private mutating func takeTime(of id: ScheduleID) {
    if let next = entries[id]?.next { due.remove(id, rank: next.rawValue) }
  }

  mutating func findNext(of id: ScheduleID) {
    guard let entry = entries[id] else { return }
    let next =
      gatheringEnd(of: entry.schedule)
      ?? NominalTimes(of: entry.schedule, in: surroundings)?.next(of: entry.schedule)?.nominal.time
    if let last = entry.next { due.remove(id, rank: last.rawValue) }
    if let next { due.insert(id, rank: next.rawValue) }
    entries[id]?.next = next
  }

  /// Takes zones and calendars as they are now; only schedules that name what has changed are looked at anew.
  package mutating func adopt(_ surroundings: Surroundings) {
    let zones = Self.changed(self.surroundings.zones, surroundings.zones)
    let calendars = Self.changed(self.surroundings.calendars, surroundings.calendars)
    self.surroundings = surroundings
    guard !zones.isEmpty || !calendars.isEmpty else { return }
    for (id, entry) in entries {
      let definition = entry.schedule.definition
      if zones.contains(definition.timeZone ?? "")
        || definition.calendars.names.contains(where: calendars.contains)
      {
        findNext(of: id)
      }
    }
  }

  /// Returns the names of what is new, gone or other than before.
  private static func changed<Value: Equatable>(
    _ old: [String: Value], _ new: [String: Value]
  ) -> Set<String> {
    Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
  }

  /// Returns the zone and the calendars that a schedule needs and nobody knows: without them it is never due.
  package func missing(
    for definition: ScheduleDefinition
  ) -> (zone: String?, calendars: [String]) {
    let zone = definition.timeZone ?? ""
    return (
      surroundings.zones[zone] == nil ? zone : nil,
      definition.calendars.names.filter { surroundings.calendars[$0] == nil }
    )
  }

  /// Returns the jobs of a schedule that have not ended, by number.
  package func unfinishedJobs(of id: ScheduleID) -> [JobID] { unfinished[id] ?? [] }

  /// A job of a schedule was made.
  package mutating func began(_ job: JobID, of id: ScheduleID) {
    guard owners.updateValue(id, forKey: job) == nil else { return }
    var jobs = unfinished[id] ?? []
    jobs.insert(job, at: jobs.firstIndex { $0 > job } ?? jobs.count)
    unfinished[id] = jobs
  }

  /// A job has ended; of a schedule or not.
  package mutating func ended(_ job: JobID) {
    guard let id = owners.removeValue(forKey: job) else { return }
    let left = unfinishedJobs(of: id).filter { $0 != job }
    unfinished[id] = left.isEmpty ? nil : left
  }
}
