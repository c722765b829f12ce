import GRDB
import MillraceCore
import MillraceEngine

/// The SQL of ended jobs that may go: nobody needs them any more.
///
/// Each state is one arm, read along the index of ends; SQLite merges them by the time.
struct EndedQuery {
  let choice: EndedJobs
  let now: Timestamp

  /// Returns a statement of number, state, end, attempts and bytes of payloads, the first end first; nil if
  /// no job is meant.
  func list(atMost count: Int) -> SQL? {
    rows.map { "\($0) ORDER BY 3, 1 LIMIT \(count)" }
  }

  /// Returns a statement of state, jobs, attempts and bytes of payloads, a row for each state that has jobs.
  var tallies: SQL? {
    rows.map { rows in
      "SELECT state, count(*), sum(attempts), sum(bytes) FROM (\(rows)) GROUP BY state ORDER BY state"
    }
  }

  private var rows: SQL? {
    if let jobs = choice.jobs {
      guard !choice.states.isEmpty else { return nil }
      let numbers = "[\(jobs.map { "\($0.rawValue)" }.joined(separator: ","))]"
      return arm(
        from: "job NOT INDEXED",
        where: """
          job.id IN (SELECT value FROM json_each(\(numbers))) AND job.ended NOTNULL
          AND job.state IN \(choice.states.map(\.rawValue))
          """)
    }
    let states = choice.states.uniqued
    return states.isEmpty
      ? nil
      : states.map { state in
        arm(
          from: "job INDEXED BY job_ended",
          where: "job.state = \(state.rawValue) AND NOT \(Self.keyHolds(now))")
      }.joined(separator: " UNION ALL ")
  }

  private func arm(from source: SQL, where condition: SQL) -> SQL {
    """
    SELECT job.id AS id, job.state AS state, job.ended AS ended, job.attempts AS attempts,
      ifnull((SELECT size FROM input WHERE input.job = job.id), 0)
      + ifnull((SELECT sum(size) FROM result WHERE result.job = job.id), 0) AS bytes
    FROM \(source) WHERE \(condition)
      AND job.ended >= \(choice.since?.rawValue ?? .min) AND job.ended < \(choice.before?.rawValue ?? .max)
      AND NOT EXISTS (SELECT 1 FROM dependency INDEXED BY dependency_needed
        CROSS JOIN job AS waiting ON waiting.id = dependency.job
        WHERE dependency.needed = job.id AND waiting.ended IS NULL)
    """
  }

  private static func keyHolds(_ now: Timestamp) -> SQL {
    """
    EXISTS (SELECT 1 FROM job_key INDEXED BY job_key_job WHERE job_key.job = job.id
      AND job_key.until > \(now.rawValue))
    """
  }
}
