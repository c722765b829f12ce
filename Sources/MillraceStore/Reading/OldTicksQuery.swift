import GRDB
import MillraceCore
import MillraceEngine

/// The SQL of nominal times that may go, in the order in which they were decided.
struct OldTicksQuery {
  let choice: OldTicks

  /// Returns a statement of schedule, nominal time and when it was decided.
  func list(atMost count: Int) -> SQL {
    "SELECT schedule, nominal, decided \(rows) ORDER BY decided LIMIT \(count)"
  }

  var count: SQL { "SELECT count(*) \(rows)" }

  private var rows: SQL {
    """
    FROM tick INDEXED BY tick_decided
    WHERE decided >= \(choice.since?.rawValue ?? .min) AND decided < \(choice.before.rawValue)
      AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = tick.job AND job.ended IS NULL)
      AND tick.nominal IS NOT (
        SELECT success.nominal FROM schedule CROSS JOIN tick AS success INDEXED BY tick_ended
          ON success.schedule = schedule.id AND success.job_state = 'succeeded'
        WHERE schedule.id = tick.schedule AND schedule.removed IS NULL
        ORDER BY success.nominal DESC LIMIT 1)
    """
  }
}
