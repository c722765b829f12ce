import GRDB
import MillraceCore

/// Figures of schedules; none takes longer the longer a schedule has run.
enum ScheduleFigures {
  /// Of so many jobs that succeeded the durations are told.
  static let lastJobs = 200

  static let counts = "SELECT fate, job_state, ticks FROM tick_tally WHERE schedule = ? AND ticks > 0"

  static let lastOfFate = "SELECT max(nominal) FROM tick INDEXED BY tick_fate WHERE schedule = ? AND fate = ?"

  static let lastSuccess = """
    SELECT max(nominal) FROM tick INDEXED BY tick_ended WHERE schedule = ? AND job_state = 'succeeded'
    """

  static let durations = """
    SELECT \(TickQuery.duration) FROM (
      SELECT job FROM tick INDEXED BY tick_ended WHERE schedule = ? AND job_state = 'succeeded'
      ORDER BY nominal DESC LIMIT \(lastJobs)) AS tick
    """

  /// A job that several ticks of a schedule name comes several times.
  static let unfinishedJobs = """
    SELECT tick.schedule, tick.job FROM tick INDEXED BY tick_open
      CROSS JOIN schedule ON schedule.id = tick.schedule AND schedule.removed IS NULL
      CROSS JOIN job ON job.id = tick.job
    WHERE tick.job IS NOT NULL AND tick.job_state IS NULL ORDER BY tick.schedule, tick.job
    """

  /// Of the last times of each schedule; those of one without so many are all of its times.
  static let fates = """
    SELECT tick.fate, count(*) FROM schedule CROSS JOIN tick ON tick.schedule = schedule.id
    WHERE schedule.removed IS NULL
      AND (?1 IS NULL OR json_extract(schedule.definition, '$.job.handler') = ?1)
      AND tick.nominal >= ifnull((
        SELECT nominal FROM tick AS other WHERE other.schedule = schedule.id
        ORDER BY nominal DESC LIMIT 1 OFFSET ?2), -9223372036854775808)
    GROUP BY tick.fate
    """

  /// Counts the fates of the last times of each schedule, or of each whose jobs have a handler.
  static func fates(
    lastOfEach count: Int, handler: String?, in db: Database
  ) throws -> [Fate: Int] {
    precondition(count > 0, "no time is the last of none")
    var fates: [Fate: Int] = [:]
    let rows = try Row.fetchCursor(db.cachedStatement(sql: Self.fates), arguments: [handler, count - 1])
    while let row = try rows.next() {
      var reader = RowReader(row)
      fates[try reader.word(Fate.self)] = try reader.int()
    }
    return fates
  }

  /// Reads those of one schedule.
  static func tally(of schedule: ScheduleID, in db: Database) throws -> ScheduleTally {
    var tally = ScheduleTally()
    let counts = try Row.fetchCursor(db.cachedStatement(sql: counts), arguments: [schedule.rawValue])
    while let row = try counts.next() {
      var reader = RowReader(row)
      let fate = try reader.word(Fate.self)
      let (state, count): (String, Int) = (try reader.value(), try reader.int())
      tally.fates[fate, default: 0] += count
      if state == JobState.succeeded.rawValue { tally.succeeded += count }
      if state == JobState.failed.rawValue { tally.failed += count }
    }
    for fate in Fate.allCases where fate.hasJob && tally.fates[fate] != nil {
      let last = try Int64.fetchOne(
        db.cachedStatement(sql: lastOfFate), arguments: [schedule.rawValue, fate.rawValue])
      if let last { tally.last = max(tally.last ?? .init(rawValue: .min), Timestamp(rawValue: last)) }
    }
    let durations = try Optional<Int64>.fetchAll(
      db.cachedStatement(sql: durations), arguments: [schedule.rawValue]
    ).compactMap { $0 }.sorted()
    guard !durations.isEmpty else { return tally }
    let count = durations.count
    tally.meanDuration = .microseconds(durations.reduce(0, +) / Int64(count))
    tally.p95Duration = .microseconds(durations[Summaries.nearestRank(95, of: count) - 1])
    return tally
  }

  /// Reads the unfinished jobs of each schedule that is not removed.
  static func unfinishedJobs(in db: Database) throws -> [ScheduleID: [JobID]] {
    var jobs: [ScheduleID: [JobID]] = [:]
    let rows = try Row.fetchCursor(db, sql: unfinishedJobs)
    while let row = try rows.next() {
      let (schedule, job) = (ScheduleID(row[0]), JobID(row[1]))
      if jobs[schedule]?.last != job { jobs[schedule, default: []].append(job) }
    }
    return jobs
  }
}
