import GRDB
import MillraceCore

/// What `integrity_check` does not say of schedules and their nominal times.
struct ScheduleCheck {
  let db: Database

  /// A CHECK forbids it, but a connection that can't write knows no CHECK.
  static let jobs = """
    SELECT schedule.name, tick.local, tick.fate, tick.job IS NULL FROM tick
      JOIN schedule ON schedule.id = tick.schedule
    WHERE (tick.job IS NULL) = (tick.fate IN (
      \(Fate.allCases.filter(\.hasJob).map { "'\($0.rawValue)'" }.joined(separator: ", "))
    )) LIMIT 10
    """

  /// A tick whose job is not on record is none: jobs go earlier.
  static let endings = """
    SELECT schedule.name, tick.local FROM tick
      JOIN job ON job.id = tick.job JOIN schedule ON schedule.id = tick.schedule
    WHERE tick.job_state IS NOT iif(job.ended IS NULL, NULL, job.state) LIMIT 10
    """

  static let counts = """
    SELECT schedule.name FROM schedule WHERE schedule.id IN (
      SELECT schedule FROM (
        SELECT schedule, fate, ifnull(job_state, '') AS job_state, count(*) AS ticks FROM tick
        GROUP BY 1, 2, 3
        UNION ALL SELECT schedule, fate, job_state, ticks FROM tick_tally WHERE ticks > 0
      ) GROUP BY schedule, fate, job_state HAVING count(*) <> 2 OR min(ticks) <> max(ticks)
    ) ORDER BY schedule.id LIMIT 10
    """

  /// Returns what is damaged, a line each, up to ten of each kind.
  func damages() throws -> [String] {
    var damages = try Row.fetchAll(db, sql: Self.jobs).map { row in
      "`\(row[1] as String)` of schedule `\(row[0] as String)` is `\(row[2] as String)`, but names "
        + (row[3] as Bool ? "no job" : "a job")
    }
    damages += try Row.fetchAll(db, sql: Self.endings).map { row in
      "`\(row[1] as String)` of schedule `\(row[0] as String)` does not tell how its job ended"
    }
    damages += try String.fetchAll(db, sql: Self.counts).map { name in
      "the nominal times of schedule `\(name)` are counted wrong"
    }
    return damages + (try unreadable())
  }

  private func unreadable() throws -> [String] {
    var damages: [String] = []
    let rows = try Row.fetchCursor(db, sql: ScheduleRows.all)
    while damages.count < 10, let row = try rows.next() {
      var reader = RowReader(row)
      do {
        _ = try ScheduleRows.read(&reader)
      } catch let error as DatabaseError {
        damages.append(error.message ?? "schedule `\(row[1] as String)` can't be read")
      }
    }
    return damages
  }
}
