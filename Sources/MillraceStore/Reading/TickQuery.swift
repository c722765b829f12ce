import GRDB
import MillraceCore

/// The SQL of nominal times of a schedule, the newest first.
///
/// All of them are read along the primary key; each fate that is asked for is one arm along its index, and
/// SQLite merges them. So no list is sorted, and none reads more rows than it has.
struct TickQuery {
  let filter: TickFilter

  /// Returns the statement: what `ScheduleRows.readTick` reads, the state of the job and the duration.
  var sql: SQL {
    let fates = Fate.allCases.filter(filter.fates.contains)
    let arms = fates.isEmpty || fates == Fate.allCases ? [arm(nil)] : fates.map(arm)
    return "\(arms.joined(separator: " UNION ALL ")) ORDER BY 2 DESC LIMIT \(filter.limit)"
  }

  private func arm(_ fate: Fate?) -> SQL {
    let (source, condition): (SQL, SQL) =
      fate.map { ("tick INDEXED BY tick_fate", "AND tick.fate = \($0.rawValue)") } ?? ("tick", "")
    return """
      SELECT tick.schedule, tick.nominal, tick.local, tick.fate, tick.decided, tick.job, tick.note,
        coalesce(tick.job_state, (SELECT state FROM job WHERE job.id = tick.job)),
        \(sql: Self.duration)
      FROM \(source) WHERE tick.schedule = \(filter.schedule.rawValue) \(condition)
        AND tick.nominal >= \(filter.from?.rawValue ?? .min)
        AND tick.nominal < \(filter.before?.rawValue ?? .max)
      """
  }

  /// How long the last attempt took that has ended.
  static let duration = """
    (SELECT duration FROM attempt WHERE attempt.job = tick.job AND attempt.ended NOTNULL
      ORDER BY number DESC LIMIT 1)
    """
}
