import GRDB
import MillraceCore

/// What the runner asks of events; none takes longer the more of them are on record.
enum EventQueries {
  /// Those about which something is to be decided, the first ones first.
  static let open = """
    SELECT \(EventRows.columns) FROM event INDEXED BY event_open WHERE is_open = 1 ORDER BY number LIMIT ?
    """

  static let openCount = "SELECT count(*) FROM event INDEXED BY event_open WHERE is_open = 1"

  /// How many each schedule gathers, and when the first and the last of them came.
  static let gatherings = """
    SELECT schedule.id, count(*), min(event.received), max(event.received)
    FROM schedule INDEXED BY schedule_name
      CROSS JOIN event_effect INDEXED BY effect_tick
        ON event_effect.schedule = schedule.id AND event_effect.nominal IS NULL
      CROSS JOIN event ON event.number = event_effect.event
    WHERE schedule.removed IS NULL GROUP BY schedule.name
    """

  /// What one schedule gathers, the first ones first.
  static let gathered = """
    SELECT \(EventRows.columns) FROM event_effect INDEXED BY effect_tick
      CROSS JOIN event ON event.number = event_effect.event
    WHERE event_effect.schedule = ? AND event_effect.nominal IS NULL ORDER BY event_effect.event
    """

  /// The most hops of the events that a job was made of; NULL if it is of none.
  static let hops = """
    SELECT max(event.hops) FROM tick INDEXED BY tick_job
      CROSS JOIN event_effect INDEXED BY effect_tick
        ON event_effect.schedule = tick.schedule AND event_effect.nominal = tick.nominal
      CROSS JOIN event ON event.number = event_effect.event
    WHERE tick.job = ?
    """
}
