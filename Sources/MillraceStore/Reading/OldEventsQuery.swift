import GRDB
import MillraceCore
import MillraceEngine

/// The SQL of events that may go, in the order in which they came by the wall clock.
struct OldEventsQuery {
  let choice: OldEvents

  /// Returns a statement of number and when it came.
  func list(atMost count: Int) -> SQL {
    "SELECT number, received \(rows) ORDER BY received LIMIT \(count)"
  }

  var count: SQL { "SELECT count(*) \(rows)" }

  private var rows: SQL {
    """
    FROM event INDEXED BY event_received
    WHERE received >= \(choice.since?.rawValue ?? .min) AND received < \(choice.before.rawValue)
      AND is_open = 0 AND NOT EXISTS (
        SELECT 1 FROM event_effect
        WHERE event_effect.event = event.number AND event_effect.nominal IS NULL)
    """
  }
}
