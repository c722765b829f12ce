import GRDB

/// What `integrity_check` and `foreign_key_check` do not say of events: the latter knows what belongs to no
/// event, schedule or nominal time.
struct EventCheck {
  let db: Database

  /// A CHECK forbids it, but a connection that can't write knows no CHECK.
  static let unreadable = """
    SELECT number FROM event
    WHERE iif(json_valid(content), json_type(content), '') <> 'object' OR source = '' OR id = '' OR type = ''
      OR hops < 0 OR is_open NOT IN (0, 1)
    LIMIT 10
    """

  /// They would never make a job, and stay for ever.
  static let stranded = """
    SELECT event_effect.event, schedule.name
    FROM schedule CROSS JOIN event_effect INDEXED BY effect_tick
      ON event_effect.schedule = schedule.id AND event_effect.nominal IS NULL
    WHERE schedule.removed NOTNULL LIMIT 10
    """

  /// Returns what is damaged, a line each, up to ten of each kind.
  func damages() throws -> [String] {
    try Int64.fetchAll(db, sql: Self.unreadable).map { "event \($0) can't be read" }
      + Row.fetchAll(db, sql: Self.stranded).map { row in
        "event \(row[0] as Int64) is gathered by schedule `\(row[1] as String)`, which is removed"
      }
  }
}
