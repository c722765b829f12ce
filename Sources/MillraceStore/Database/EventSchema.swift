/// What the schema `v6` adds: events, and what schedules made of them.
enum EventSchema {
  /// Everything, in order.
  static let all = [
    event, indices, tick, ScheduleSchema.indices, ScheduleSchema.counting, ScheduleSchema.ending, effect,
  ]

  /// `content` is what the other columns do not have of the CloudEvent. No number is given twice; it is the
  /// order in which events came.
  private static let event = """
    CREATE TABLE event (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      source TEXT NOT NULL CHECK (source <> ''),
      id TEXT NOT NULL CHECK (id <> ''),
      type TEXT NOT NULL CHECK (type <> ''),
      subject TEXT,
      time TEXT,
      received INTEGER NOT NULL,
      hops INTEGER NOT NULL CHECK (hops >= 0),
      is_open INTEGER NOT NULL DEFAULT 1 CHECK (is_open IN (0, 1)),
      content TEXT NOT NULL CHECK (json_valid(content) AND json_type(content) = 'object'),
      UNIQUE (source, id)
    ) STRICT
    """

  /// `event_open` has only those about which something is to be decided, which are few. The others end in the
  /// number, by which lists are ordered.
  private static let indices = """
    CREATE INDEX event_open ON event (number) WHERE is_open = 1;
    CREATE INDEX event_type ON event (type);
    CREATE INDEX event_source ON event (source, type);
    CREATE INDEX event_received ON event (received);
    """

  /// SQLite can't change a CHECK, so the table is made anew for one more fate: `skipped-loop`. What is
  /// counted stays as it is: a dropped table fires no trigger, and the new one has none yet when it is
  /// filled.
  private static let tick = """
    DROP TRIGGER job_of_tick;
    CREATE TABLE tick_v6 (
      schedule INTEGER NOT NULL REFERENCES schedule (id),
      nominal INTEGER NOT NULL,
      local TEXT NOT NULL CHECK (local <> ''),
      fate TEXT NOT NULL CHECK (fate IN ('ran', 'late', 'caught-up', 'manual', 'skipped-overlap',
        'skipped-window', 'skipped-calendar', 'skipped-gap', 'skipped-loop', 'skipped-paused',
        'doubled-hour', 'missed-down', 'failed-to-submit')),
      decided INTEGER NOT NULL,
      job INTEGER,
      note TEXT,
      job_state TEXT CHECK (job_state IN ('succeeded', 'failed', 'cancelled')),
      PRIMARY KEY (schedule, nominal),
      CHECK ((job IS NOT NULL) = (fate IN ('ran', 'late', 'caught-up', 'manual'))),
      CHECK (job IS NOT NULL OR job_state IS NULL)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO tick_v6 (schedule, nominal, local, fate, decided, job, note, job_state)
      SELECT schedule, nominal, local, fate, decided, job, note, job_state FROM tick;
    DROP TABLE tick;
    ALTER TABLE tick_v6 RENAME TO tick;
    """

  /// What a schedule made of an event: `nominal` is NULL while it gathers it with others, then the time of
  /// its tick. It goes with the event, and with the tick.
  private static let effect = """
    CREATE TABLE event_effect (
      event INTEGER NOT NULL REFERENCES event (number) ON DELETE CASCADE,
      schedule INTEGER NOT NULL REFERENCES schedule (id),
      nominal INTEGER,
      PRIMARY KEY (event, schedule),
      FOREIGN KEY (schedule, nominal) REFERENCES tick (schedule, nominal) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX effect_tick ON event_effect (schedule, nominal);
    """
}
