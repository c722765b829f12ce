package import MillraceCore

/// Schedules on a made-up runner that crashes, sleeps and has its clock set: it drives a timetable as the
/// engine does, from a seed, and a `ScheduleChecker` judges what came of it.
package struct ScheduleSimulation {
  /// What is deliberately wrong with the runner.
  package enum Flaw: Sendable, CaseIterable {
    /// A nominal time is claimed, and its job made in a second transaction.
    case claimsFirst
    /// The job is made, and its nominal time claimed in a second transaction.
    case makesJobFirst
    /// Now and then a time is passed over.
    case drops
    /// Now and then a time makes two jobs.
    case doubles
    /// After a crash it goes on with the next time, as cron does.
    case forgetsDownTime
    /// It acts half a minute late.
    case dawdles
  }

  /// Zones whose clocks change in all the ways there are, and one whose clock never does.
  package static let zoneNames = [
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll",
    "UTC",
  ]

  /// What happened.
  package private(set) var history = ScheduleHistory()
  private var scenario: ScheduleScenario
  private let flaw: Flaw?
  private var random: SeededGenerator
  private var record = ScheduleRecord()
  /// The runner's memory.
  private var table = Timetable()
  private var unfinished: [JobID] = []
  private var presence: ScheduleHistory.Presence
  private var paused: Set<ScheduleID> = []
  private var isRefusing = false
  /// In seconds: by the clock that nobody sets, and by how much the one on the wall is ahead of it.
  private var steady: Int64 = 0
  private var ahead: Int64

  private var wall: Int64 { steady + ahead }

  /// Makes a simulation.
  ///
  /// - Parameters:
  ///   - seed: what everything is drawn from.
  ///   - zones: one of which is chosen.
  ///   - flaw: nil for the runner as it is.
  package init(seed: UInt64, zones: [String: ZoneRules], flaw: Flaw? = nil) {
    scenario = ScheduleScenario(seed: seed, zones: zones)
    self.flaw = flaw
    random = SeededGenerator(seed: ~seed)
    ahead = scenario.start
    let start = Timestamp(second: scenario.start)
    presence = .init(from: start, steady: Timestamp(second: 0), upSince: start)
  }

  /// Runs it, and returns what is wrong with what came of it.
  ///
  /// - Throws: `BrokenRule` if the timetable never comes to an end.
  package mutating func violations() throws(BrokenRule) -> [ScheduleViolation] {
    table = Timetable(surroundings: scenario.surroundings)
    for number in 1...Int64.random(in: 1...3, using: &random) { try addSchedule(ScheduleID(number)) }
    while steady < ScheduleScenario.days * 86_400 {
      try act(until: steady + 60 * Int64.random(in: 1...600, using: &random))
      try disturb()
    }
    close()
    history.runs = record.jobs.map(\.run)
    history.ticks = record.ticks
    let checker = ScheduleChecker(
      zones: scenario.zones, calendars: [ScheduleScenario.calendar: scenario.freeDays])
    return checker.violations(in: history)
  }

  private mutating func addSchedule(_ id: ScheduleID) throws(BrokenRule) {
    let definition = try scenario.definition(of: id, nil)
    let schedule = Schedule(id: id, definition, created: Timestamp(second: wall))
    record.keep(schedule)
    table.put(schedule)
    history.terms[id] = [.init(definition, created: schedule.created, first: history.presences.count)]
  }

  /// Lets the runner do what is due up to a time.
  private mutating func act(until end: Int64) throws(BrokenRule) {
    while let next = table.nextTime, steady + max(0, next.second - wall) <= end {
      steady += max(0, next.second - wall)
      if flaw == .dawdles { steady = min(steady + 30, end) }
      try decide()
    }
    steady = max(steady, end)
  }

  /// Does what is due now, and starts the runner again when it crashed over it.
  private mutating func decide() throws(BrokenRule) {
    while try !decidesAll() {
      close(isInterrupted: true)
      restart()
    }
  }

  /// Returns false if the runner crashed before all was done.
  private mutating func decidesAll() throws(BrokenRule) -> Bool {
    for job in unfinished where record.job(job).map({ $0.run.ended.second <= steady }) ?? true {
      table.ended(job)
    }
    unfinished.removeAll { record.job($0).map { $0.run.ended.second <= steady } ?? true }
    var hasBegun = false
    // Before the first transaction, between two of them, or behind the last.
    let crash = random.oneIn(20) ? Int.random(in: 0...5, using: &random) : nil
    for transaction in 0..<10_000 {
      let decisions = table.decisions(
        at: Timestamp(second: wall), upSince: presence.upSince, atMost: Int.random(in: 1...9, using: &random))
      if crash == transaction, hasBegun || !decisions.isEmpty { return false }
      if decisions.isEmpty { return true }
      hasBegun = true
      for decision in decisions {
        if !claim(decision) { return false }
      }
    }
    throw BrokenRule("the timetable does not come to an end at \(wall)")
  }

  /// Puts a decision on record; returns false if a flawed runner crashes in the midst of it.
  private mutating func claim(_ decision: Timetable.Decision) -> Bool {
    var (tick, schedule) = (decision.tick, decision.schedule)
    guard tick.fate.hasJob else {
      _ = record.write(tick)
      keep(schedule)
      return true
    }
    if isRefusing {
      tick.fate = .failedToSubmit
      schedule.runs -= 1
      _ = record.write(tick)
      keep(schedule)
      return true
    }
    if flaw == .drops, random.oneIn(20) {
      keep(schedule)
      return true
    }
    if flaw == .makesJobFirst { makeJob(of: decision) }
    if flaw == .makesJobFirst, random.oneIn(40) { return false }
    guard record.write(tick) else {
      keep(schedule)
      return true
    }
    keep(schedule)
    if flaw == .claimsFirst, random.oneIn(40) { return false }
    if flaw != .makesJobFirst { makeJob(of: decision) }
    if flaw == .doubles, random.oneIn(20) { makeJob(of: decision) }
    return true
  }

  private mutating func keep(_ schedule: Schedule) {
    record.keep(schedule)
    table.put(schedule)
  }

  private mutating func makeJob(of decision: Timetable.Decision) {
    let seconds = Int64.random(in: 1...(random.oneIn(3) ? 14_400 : 60), using: &random)
    let id = record.makeJob(of: decision, at: steady, wall: wall, lasting: seconds)
    unfinished.append(id)
    table.began(id, of: decision.tick.schedule)
  }

  /// The runner forgets everything, is away for a while, and reads its record.
  private mutating func restart() {
    steady += Int64.random(in: 1...(random.oneIn(3) ? 90_000 : 600), using: &random)
    if random.oneIn(4) { setClock() }
    open(upSince: Timestamp(second: wall))
    table = Timetable(surroundings: scenario.surroundings)
    for var schedule in record.standing {
      if flaw == .forgetsDownTime { schedule.decided = max(schedule.decided, Timestamp(second: wall)) }
      table.put(schedule)
    }
    unfinished = record.jobs.filter { $0.run.ended.second > steady }.map(\.id)
    for job in unfinished {
      if let schedule = record.job(job)?.run.schedule { table.began(job, of: schedule) }
    }
  }

  private mutating func setClock() {
    let seconds = Int64.random(in: 1...(random.oneIn(2) ? 120 : 3 * 3600), using: &random)
    ahead += random.oneIn(2) ? seconds : -seconds
  }

  /// Something happens from outside; what is due now has been done.
  private mutating func disturb() throws(BrokenRule) {
    close()
    // Where the clock was set back behind a crash, nobody could tell under which terms a time was decided.
    let isClear = history.presences.allSatisfy { !$0.isInterrupted || $0.wall.upperBound.second < wall }
    if isClear, isRefusing || (!paused.isEmpty && random.oneIn(2)) { return try settle() }
    switch Int.random(in: 0..<(isClear ? 8 : 5), using: &random) {
    case 0, 1: restart()
    case 2:
      steady += Int64.random(in: 1...7200, using: &random)
      open(upSince: presence.upSince)
    case 3, 4:
      setClock()
      open(upSince: presence.upSince)
    case 5: try edit()
    case 6: pause()
    default:
      isRefusing.toggle()
      open(upSince: presence.upSince)
    }
    try decide()
  }

  /// What was refused is taken again, and what was paused goes on.
  private mutating func settle() throws(BrokenRule) {
    isRefusing = false
    for var schedule in record.standing where schedule.paused != nil {
      schedule.paused = nil
      keep(schedule)
    }
    paused = []
    open(upSince: presence.upSince)
    try decide()
  }

  private mutating func edit() throws(BrokenRule) {
    open(upSince: presence.upSince)
    let id = ScheduleID(Int64.random(in: 1...4, using: &random))
    guard var schedule = record.schedules[id] else {
      return history.terms.count < 4 ? try addSchedule(id) : ()
    }
    schedule.definition = try scenario.definition(of: id, schedule.definition.overlap)
    schedule.decided = max(schedule.decided, Timestamp(second: wall))
    schedule.postponed = []
    keep(schedule)
    history.terms[id]?.append(
      .init(schedule.definition, created: schedule.created, first: history.presences.count))
  }

  private mutating func pause() {
    guard var schedule = record.standing.randomElement(using: &random) else { return }
    schedule.paused = schedule.paused == nil ? Timestamp(second: wall) : nil
    paused.formSymmetricDifference([schedule.id])
    keep(schedule)
    open(upSince: presence.upSince)
  }

  private mutating func open(upSince: Timestamp) {
    presence = .init(from: Timestamp(second: wall), steady: Timestamp(second: steady), upSince: upSince)
    presence.paused = paused
    presence.isRefusing = isRefusing
  }

  private mutating func close(isInterrupted: Bool = false) {
    presence.wall = presence.wall.lowerBound...Timestamp(second: wall)
    presence.isInterrupted = isInterrupted
    history.presences.append(presence)
  }
}
