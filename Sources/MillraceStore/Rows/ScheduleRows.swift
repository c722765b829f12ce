import GRDB
import MillraceCore

/// Schedules as rows of the table `schedule`, and their nominal times as rows of `tick`.
enum ScheduleRows {
  /// The columns that `read` reads, in its order.
  static let columns = "id, name, definition, file, created, decided, paused, runs, postponed"

  /// All that are not removed, by name.
  static let all =
    "SELECT \(columns) FROM schedule INDEXED BY schedule_name WHERE removed IS NULL ORDER BY name"

  /// The one of a name that is not removed.
  static let named =
    "SELECT \(columns) FROM schedule INDEXED BY schedule_name WHERE removed IS NULL AND name = ?"

  /// Those that are not removed and come after a name, by name.
  static let later = """
    SELECT \(columns) FROM schedule INDEXED BY schedule_name WHERE removed IS NULL AND name > ?
    ORDER BY name LIMIT ?
    """

  /// Reads the one of a name; nil if there is none.
  static func read(named name: String, in db: Database) throws -> Schedule? {
    let row = try Row.fetchOne(db.cachedStatement(sql: named), arguments: [name])
    guard let row else { return nil }
    var reader = RowReader(row)
    return try read(&reader)
  }

  /// Reads those whose names come after one, by name.
  static func read(after name: String, atMost count: Int, in db: Database) throws -> [Schedule] {
    try SQLiteHistory.fetch(SQL(sql: later, arguments: [name, count]), in: db, read)
  }

  /// Adds a schedule; returns its number.
  static func insert(
    _ definition: ScheduleDefinition, file: String?, created: Timestamp, in db: Database
  ) throws -> ScheduleID {
    try StorableText.check(file, "path of a file")
    try db.cachedStatement(
      sql: "INSERT INTO schedule (name, definition, file, created, decided) VALUES (?, ?, ?, ?4, ?4)"
    ).execute(
      arguments: [definition.name, try JSONText.encode(definition.source), file, created.rawValue])
    return ScheduleID(db.lastInsertedRowID)
  }

  /// Deletes a schedule that is removed and has no ticks any more.
  static func deleteIfRemoved(_ schedule: ScheduleID, in db: Database) throws {
    try db.cachedStatement(
      sql: """
        DELETE FROM schedule WHERE id = ?1 AND removed NOTNULL
          AND NOT EXISTS (SELECT 1 FROM tick WHERE tick.schedule = ?1)
        """
    ).execute(arguments: [schedule.rawValue])
  }

  /// Reads `columns`.
  static func read(_ reader: inout RowReader) throws -> Schedule {
    let id = ScheduleID(try reader.value())
    let (name, text): (String, String) = (try reader.value(), try reader.value())
    let file: String? = reader.optional()
    var schedule = Schedule(
      id: id, try definition(from: text, of: name), file: file, created: try reader.time())
    schedule.decided = try reader.time()
    schedule.paused = reader.optionalTime()
    schedule.runs = try reader.int()
    let postponed: String = try reader.value()
    // Most have none; a decoder takes longer than the rest of the row.
    if postponed != "[]" { schedule.postponed = try JSONText.decode([Timestamp].self, from: postponed) }
    return schedule
  }

  /// Reads what somebody wrote; this build may not take any more what another one took.
  static func definition(from text: String, of name: String) throws -> ScheduleDefinition {
    let mistakes: String
    do {
      let source = try PlacedJSON.tree(of: Array(text.utf8)).json
      return try ScheduleDefinition(PlacedValue(source, at: .start), isRecorded: true)
    } catch let error as Mistakes {
      mistakes = error.all.map(\.message).joined(separator: "; ")
    } catch let error as NoJSON {
      mistakes = error.message
    }
    throw DatabaseError(
      resultCode: .SQLITE_CORRUPT,
      message: "the definition of schedule `\(name)` can't be read: \(mistakes)")
  }

  /// Returns whether a nominal time has its row, and with which job.
  static func holder(of tick: Tick, in db: Database) throws -> (isThere: Bool, job: JobID?) {
    let row = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT job FROM tick WHERE schedule = ? AND nominal = ?"),
      arguments: [tick.schedule.rawValue, tick.nominal.rawValue])
    guard let row else { return (false, nil) }
    return (true, (row[0] as Int64?).map { JobID($0) })
  }

  /// Writes a nominal time, also in the place of one that is there.
  static func put(_ tick: Tick, in db: Database) throws {
    try StorableText.check(tick.local, "local time")
    try StorableText.check(tick.note, "note of a nominal time")
    try db.cachedStatement(sql: putting).execute(
      arguments: [
        tick.schedule.rawValue, tick.nominal.rawValue, tick.local, tick.fate.rawValue, tick.decided.rawValue,
        tick.job?.rawValue, tick.note,
      ])
  }

  /// A job that is found by its key may have ended already.
  static let putting = """
    INSERT INTO tick (schedule, nominal, local, fate, decided, job, note, job_state)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT state FROM job WHERE id = ?6 AND ended NOTNULL))
    ON CONFLICT (schedule, nominal) DO UPDATE SET local = excluded.local, fate = excluded.fate,
      decided = excluded.decided, job = excluded.job, note = excluded.note, job_state = excluded.job_state
    """

  /// Reads the columns `schedule` to `note` of `tick`.
  static func readTick(_ reader: inout RowReader) throws -> Tick {
    Tick(
      schedule: ScheduleID(try reader.value()), nominal: try reader.time(), local: try reader.value(),
      fate: try reader.word(Fate.self), decided: try reader.time(),
      job: (reader.optional() as Int64?).map { JobID($0) }, note: reader.optional())
  }
}
