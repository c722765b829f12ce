package import MillraceCore
package import MillraceEngine
import Synchronization

extension MemoryJobStore: ScheduleStore {
  package func change(_ change: ScheduleChange, at now: Timestamp) async throws -> Schedule? {
    try write(at: now) { state in
      let former = state.schedules.first { $0.schedule.id == change.id }?.schedule
      let schedule = try state.change(change)
      state.telling.append(change.transition(of: (schedule ?? former)?.definition.name ?? ""))
      return schedule
    }
  }

  package func claim(
    _ claims: [Claim], settling settlement: EventSettlement, at now: Timestamp
  ) async throws -> [ClaimResult] {
    try write(at: now) { state in
      var results: [ClaimResult] = []
      for claim in claims { results.append(try state.claim(claim, behind: results.map(\.job), at: now)) }
      try state.settle(settlement)
      return results
    }
  }

  package func unfinishedJobsOfSchedules() async throws -> [ScheduleID: [JobID]] {
    state.withLock { state in
      state.schedules.filter { $0.removed == nil }.reduce(into: [:]) { jobs, entry in
        let open = Set(state.sortedTicks(of: entry.schedule.id).compactMap(\.job)).filter {
          !state.records[Int($0.rawValue) - 1].job.state.isFinal
        }
        if !open.isEmpty { jobs[entry.schedule.id] = open.sorted() }
      }
    }
  }

  package func schedule(named name: String) async throws -> Schedule? {
    try await schedules().first { $0.definition.name == name }
  }

  package func schedules(after name: String, atMost count: Int) async throws -> [Schedule] {
    let later = state.withLock { state in
      state.schedules.filter { $0.removed == nil && $0.schedule.definition.name > name }.map(\.schedule)
    }
    return Array(later.sorted { $0.definition.name < $1.definition.name }.prefix(count))
  }

  package func fates(lastOfEach count: Int, handler: String?) async throws -> [Fate: Int] {
    state.withLock { state in
      state.schedules.filter { $0.removed == nil }.map(\.schedule)
        .filter { schedule in
          let job = schedule.definition.source.object?["job"]?.object
          return handler == nil || job?["handler"]?.string == handler
        }
        .flatMap { state.sortedTicks(of: $0.id).suffix(count) }
        .reduce(into: [:]) { $0[$1.fate, default: 0] += 1 }
    }
  }

  package func ticks(matching filter: TickFilter) async throws -> [TickRow] {
    guard (1...10_000).contains(filter.limit) else {
      throw Refusal(description: "a list has 1 to 10000 rows")
    }
    return state.withLock { state in
      let found = state.sortedTicks(of: filter.schedule).reversed().filter { tick in
        (filter.fates.isEmpty || filter.fates.contains(tick.fate))
          && filter.from.map { tick.nominal >= $0 } ?? true
          && filter.before.map { tick.nominal < $0 } ?? true
      }
      return found.prefix(filter.limit).map(state.row)
    }
  }

  package func lastSuccess(of schedule: ScheduleID) async throws -> Timestamp? {
    state.withLock { state in
      state.sortedTicks(of: schedule).last { state.row($0).state == .succeeded }?.nominal
    }
  }

  package func tallies(of schedules: [ScheduleID]) async throws -> [ScheduleID: ScheduleTally] {
    state.withLock { state in
      schedules.reduce(into: [:]) { $0[$1] = ScheduleTally(state.sortedTicks(of: $1).map(state.row)) }
    }
  }
}

extension MemoryJobStore.State {
  /// The nominal times of a schedule, in order.
  func sortedTicks(of schedule: ScheduleID) -> [Tick] {
    (ticks[schedule] ?? [:]).values.sorted { $0.nominal < $1.nominal }
  }

  /// A nominal time with how its job stands; what is deleted is remembered.
  func row(_ tick: Tick) -> TickRow {
    let record = tick.job.map { records[Int($0.rawValue) - 1] }
    let last = record?.isDeleted == false ? record?.attempts.last { $0.end != nil } : nil
    return TickRow(tick: tick, state: record?.job.state, duration: last?.duration)
  }

  /// The nominal times that may go, in the order in which they were decided.
  func old(_ choice: OldTicks) -> [Tick] {
    let old = schedules.flatMap { entry in
      let rows = sortedTicks(of: entry.schedule.id).map(row)
      let last = entry.removed == nil ? rows.last { $0.state == .succeeded } : nil
      return rows.filter { row in
        row.tick.decided < choice.before && choice.since.map { row.tick.decided >= $0 } ?? true
          && row.tick.nominal != last?.tick.nominal && row.state?.isFinal ?? true
      }.map(\.tick)
    }
    return old.sorted { ($0.decided, $0.schedule, $0.nominal) < ($1.decided, $1.schedule, $1.nominal) }
  }

  mutating func change(_ change: ScheduleChange) throws -> Schedule? {
    switch change {
    case .add(let definition, let file, let created):
      try demandFree(definition.name, for: nil)
      let id = ScheduleID(Int64(schedules.count + 1))
      let schedule = Schedule(id: id, try recorded(definition), file: file, created: created)
      schedules.append((schedule, nil))
      return schedules[try index(of: id)].schedule
    case .replace(let id, let definition, let file, let decided):
      try demandFree(definition.name, for: id)
      let place = try index(of: id)
      schedules[place].schedule.definition = try recorded(definition)
      schedules[place].schedule.file = file
      schedules[place].schedule.decided = decided
      if definition.trigger == nil { forgetGathered(by: id) }
      return schedules[place].schedule
    case .pause(let id, let since):
      let place = try index(of: id)
      schedules[place].schedule.paused = since
      return schedules[place].schedule
    case .remove(let id, let time):
      schedules[try index(of: id)].removed = time
      forgetGathered(by: id)
      return nil
    }
  }

  mutating func claim(_ claim: Claim, behind before: [JobID?], at now: Timestamp) throws -> ClaimResult {
    let (schedule, nominal) = (claim.schedule, claim.tick.nominal)
    guard let index = schedules.firstIndex(where: { $0.schedule.id == schedule.id }) else {
      throw MemoryJobStore.Refusal(description: "schedule \(schedule.id) is not there")
    }
    schedules[index].schedule.decided = schedule.decided
    schedules[index].schedule.runs = schedule.runs
    schedules[index].schedule.postponed = schedule.postponed
    if let row = ticks[schedule.id]?[nominal], !claim.replaces || row.job != nil {
      try note(claim)
      return .taken
    }
    let acceptance = try claim.submission.map {
      try accept($0, of: nil, batch: before.map { $0 ?? JobID(0) }, at: now)
    }
    guard claim.tick.fate.hasJob == (acceptance != nil) else {
      throw MemoryJobStore.Refusal(description: "`\(claim.tick.fate)` and its job contradict each other")
    }
    if claim.repeats(acceptance) { return .claimed(acceptance) }
    var tick = claim.tick
    tick.job = acceptance?.job
    ticks[schedule.id, default: [:]][nominal] = tick
    try note(claim)
    telling.append(claim.transition(job: tick.job))
    return .claimed(acceptance)
  }

  /// A definition as the record has it: without the places of the text that it was read from.
  private func recorded(_ definition: ScheduleDefinition) throws -> ScheduleDefinition {
    try ScheduleDefinition(PlacedValue(definition.source, at: .start))
  }

  /// Where a schedule is that is not removed.
  private func index(of id: ScheduleID) throws -> Int {
    guard let index = schedules.firstIndex(where: { $0.schedule.id == id && $0.removed == nil }) else {
      throw MemoryJobStore.Refusal(description: "schedule \(id) is not there")
    }
    return index
  }

  private func demandFree(_ name: String, for id: ScheduleID?) throws {
    let isTaken = schedules.contains {
      $0.removed == nil && $0.schedule.definition.name == name && $0.schedule.id != id
    }
    guard !isTaken else { throw MemoryJobStore.Refusal(description: "schedule `\(name)` is there already") }
  }
}

extension ScheduleChange {
  /// The schedule that is changed; nil for a new one.
  fileprivate var id: ScheduleID? {
    switch self {
    case .add: nil
    case .replace(let id, _, _, _), .pause(let id, _), .remove(let id, _): id
    }
  }
}

extension ScheduleTally {
  /// Sums up the nominal times of a schedule, in order.
  fileprivate init(_ rows: [TickRow]) {
    self.init()
    fates = rows.reduce(into: [:]) { $0[$1.tick.fate, default: 0] += 1 }
    succeeded = rows.count { $0.state == .succeeded }
    failed = rows.count { $0.state == .failed }
    last = rows.last { $0.tick.job != nil }?.tick.nominal
    let durations = rows.filter { $0.state == .succeeded }.suffix(200).compactMap(\.duration).sorted()
    guard !durations.isEmpty else { return }
    let sum = durations.map(\.microseconds).reduce(0, +)
    meanDuration = .microseconds(sum / Int64(durations.count))
    p95Duration = durations.nearestRank(0.95)
  }
}
