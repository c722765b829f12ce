/// What the schema `v5` adds: schedules, and what became of each of their nominal times.
///
/// Whatever is asked of a schedule must not take longer the longer it has run: its ticks are counted as they
/// come and go, and each knows how its job ended. Triggers see to that, so that no writer can forget it. A
/// migration that makes `job` or `tick` anew must make them anew, too.
enum ScheduleSchema {
  /// Everything, in order.
  static let all = [schedule, tick, indices, tally, counting, ending]

  /// `decided` is the nominal time up to which all have their rows. A name is free when its schedule is gone.
  private static let schedule = """
    CREATE TABLE schedule (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL CHECK (name <> ''),
      definition TEXT NOT NULL CHECK (json_valid(definition) AND json_type(definition) = 'object'),
      file TEXT CHECK (file <> ''),
      created INTEGER NOT NULL,
      decided INTEGER NOT NULL,
      paused INTEGER,
      runs INTEGER NOT NULL DEFAULT 0 CHECK (runs >= 0),
      postponed TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(postponed) AND json_type(postponed) = 'array'),
      removed INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX schedule_name ON schedule (name) WHERE removed IS NULL;
    """

  /// `job` is no foreign key, as `dependency.needed` is none: a tick outlives its job, and ON DELETE SET NULL
  /// would make one that had a job look like one that never had (and break the CHECK that tells them apart).
  /// No number is given twice, so it never means another job. `job_state` is how the job ended; NULL while it
  /// has not: it stays when the job is deleted, for `last_success` must not forget.
  private static let tick = """
    CREATE TABLE tick (
      schedule INTEGER NOT NULL REFERENCES schedule (id),
      nominal INTEGER NOT NULL,
      local TEXT NOT NULL CHECK (local <> ''),
      fate TEXT NOT NULL CHECK (fate IN ('ran', 'late', 'caught-up', 'manual', 'skipped-overlap',
        'skipped-window', 'skipped-calendar', 'skipped-gap', 'skipped-paused', 'doubled-hour', 'missed-down',
        'failed-to-submit')),
      decided INTEGER NOT NULL,
      job INTEGER,
      note TEXT,
      job_state TEXT CHECK (job_state IN ('succeeded', 'failed', 'cancelled')),
      PRIMARY KEY (schedule, nominal),
      CHECK ((job IS NOT NULL) = (fate IN ('ran', 'late', 'caught-up', 'manual'))),
      CHECK (job IS NOT NULL OR job_state IS NULL)
    ) STRICT, WITHOUT ROWID
    """

  /// Lists of ticks are along the primary key or `tick_fate`; `tick_open` has only those whose job has not
  /// ended, which are few.
  static let indices = """
    CREATE INDEX tick_fate ON tick (schedule, fate, nominal);
    CREATE INDEX tick_decided ON tick (decided);
    CREATE INDEX tick_job ON tick (job) WHERE job IS NOT NULL;
    CREATE INDEX tick_open ON tick (schedule, job) WHERE job IS NOT NULL AND job_state IS NULL;
    CREATE INDEX tick_ended ON tick (schedule, job_state, nominal, job) WHERE job_state IS NOT NULL;
    """

  /// How many ticks a schedule has of each kind; `job_state` is empty for none.
  private static let tally = """
    CREATE TABLE tick_tally (
      schedule INTEGER NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
      fate TEXT NOT NULL,
      job_state TEXT NOT NULL,
      ticks INTEGER NOT NULL CHECK (ticks >= 0),
      PRIMARY KEY (schedule, fate, job_state)
    ) STRICT, WITHOUT ROWID
    """

  static let counting = """
    CREATE TRIGGER tick_added AFTER INSERT ON tick BEGIN
      \(oneMore)
    END;
    CREATE TRIGGER tick_deleted AFTER DELETE ON tick BEGIN
      \(oneLess)
    END;
    CREATE TRIGGER tick_changed AFTER UPDATE OF fate, job_state ON tick BEGIN
      \(oneLess)
      \(oneMore)
    END;
    """

  private static let oneMore = """
    INSERT INTO tick_tally (schedule, fate, job_state, ticks)
        VALUES (NEW.schedule, NEW.fate, ifnull(NEW.job_state, ''), 1)
        ON CONFLICT (schedule, fate, job_state) DO UPDATE SET ticks = ticks + 1;
    """

  private static let oneLess = """
    UPDATE tick_tally SET ticks = ticks - 1 WHERE schedule = OLD.schedule AND fate = OLD.fate
        AND job_state = ifnull(OLD.job_state, '');
    """

  /// A job ends, or begins anew.
  static let ending = """
    CREATE TRIGGER job_of_tick AFTER UPDATE OF ended ON job WHEN OLD.ended IS NOT NEW.ended BEGIN
      \(noteEnd("iif(NEW.ended IS NULL, NULL, NEW.state)", of: "NEW.id"));
    END
    """

  /// Notes how a job ended.
  static func noteEnd(_ state: String, of job: String) -> String {
    "UPDATE tick SET job_state = \(state) WHERE job = \(job)"
  }
}
