import GRDB
import MillraceCore
import MillraceEngine

/// Writes changes to schedules and claims of their nominal times; the caller has the transaction.
struct ScheduleWriter {
  let db: Database
  /// The path of the database, for errors.
  let file: String

  private var events: EventWriter { EventWriter(db: db, file: file) }

  /// Writes a change.
  /// - Returns: the schedule as it is now; nil if it is removed.
  func write(_ change: ScheduleChange, telling: TransitionWriter) throws -> Schedule? {
    // One that is removed may be gone afterwards.
    let former = try change.id.flatMap { try name(of: $0) }
    let schedule = try write(change)
    telling.note(change.transition(of: schedule?.definition.name ?? former ?? ""))
    return schedule
  }

  private func write(_ change: ScheduleChange) throws -> Schedule? {
    switch change {
    case .add(let definition, let file, let created):
      try demandFree(definition.name, for: nil)
      return try schedule(ScheduleRows.insert(definition, file: file, created: created, in: db))
    case .replace(let id, let definition, let file, let decided):
      try demandFree(definition.name, for: id)
      try StorableText.check(file, "path of a file")
      try update(
        id, "name = ?, definition = ?, file = ?, decided = ?",
        [definition.name, try JSONText.encode(definition.source), file, decided.rawValue])
      if definition.trigger == nil { try events.forgetGathered(by: id) }
      return try schedule(id)
    case .pause(let id, let since):
      try update(id, "paused = ?", [since?.rawValue])
      return try schedule(id)
    case .remove(let id, let time):
      try update(id, "removed = ?", [time.rawValue])
      try events.forgetGathered(by: id)
      try ScheduleRows.deleteIfRemoved(id, in: db)
      return nil
    }
  }

  /// Writes a claim, and the schedule that comes with it in every case; `before` has the jobs of the claims
  /// before it, 0 for none.
  func write(
    _ claim: Claim, input: Payload?, behind before: [JobID], accepting jobs: AcceptanceWriter
  ) throws -> ClaimResult {
    precondition(claim.tick.schedule == claim.schedule.id, "a claim is of its schedule")
    let schedule = claim.schedule
    try db.cachedStatement(sql: "UPDATE schedule SET decided = ?, runs = ?, postponed = ? WHERE id = ?")
      .execute(
        arguments: [
          schedule.decided.rawValue, schedule.runs, try JSONText.encode(schedule.postponed),
          schedule.id.rawValue,
        ])
    guard db.changesCount == 1 else { throw missing(schedule.id) }
    let (isThere, job) = try ScheduleRows.holder(of: claim.tick, in: db)
    guard !isThere || (claim.replaces && job == nil) else {
      try events.note(claim)
      return .taken
    }
    let acceptance = try claim.submission.map {
      try jobs.accept($0, workflow: nil, input: input, batch: before)
    }
    if claim.repeats(acceptance) { return .claimed(acceptance) }
    var tick = claim.tick
    tick.job = acceptance?.job
    try ScheduleRows.put(tick, in: db)
    try events.note(claim)
    jobs.telling.note(claim.transition(job: tick.job))
    return .claimed(acceptance)
  }

  private func name(of id: ScheduleID) throws -> String? {
    try String.fetchOne(db, sql: "SELECT name FROM schedule WHERE id = ?", arguments: [id.rawValue])
  }

  private func schedule(_ id: ScheduleID) throws -> Schedule {
    let row = try Row.fetchOne(
      db, sql: "SELECT \(ScheduleRows.columns) FROM schedule WHERE id = ?", arguments: [id.rawValue])
    guard let row else { throw missing(id) }
    var reader = RowReader(row)
    return try ScheduleRows.read(&reader)
  }

  private func update(_ id: ScheduleID, _ columns: String, _ values: StatementArguments) throws {
    try db.execute(
      sql: "UPDATE schedule SET \(columns) WHERE id = ? AND removed IS NULL",
      arguments: values + [id.rawValue])
    guard db.changesCount == 1 else { throw missing(id) }
  }

  private func demandFree(_ name: String, for id: ScheduleID?) throws {
    let holder = try Int64.fetchOne(
      db, sql: "SELECT id FROM schedule WHERE name = ? AND removed IS NULL", arguments: [name])
    guard let holder, holder != id?.rawValue else { return }
    throw StoreError(
      action: "write schedule `\(name)`", file: file, reason: .unfit,
      detail: "another schedule has its name")
  }

  private func missing(_ id: ScheduleID) -> StoreError {
    StoreError(
      action: "write schedule \(id)", file: file, reason: .wrongState, detail: "it is not there")
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
