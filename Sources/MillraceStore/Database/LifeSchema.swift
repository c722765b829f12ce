/// What the schema `v3` adds for the whole life of a job: dependencies, workflows, keys, holds, retries by
/// cause.
enum LifeSchema {
  /// Everything, in order.
  static let all = [
    workflow, job, dependency, key, checkpoint, memo, attempt, Schema.attemptIndices, Schema.evidence,
    buildIndex, HistoryView.third,
  ]

  /// For the question whether any attempt names a build; eight digits tell builds apart.
  private static let buildIndex = "CREATE INDEX attempt_build ON attempt (substr(plugin_sha256, 1, 8))"

  private static let workflow = """
    CREATE TABLE workflow (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL CHECK (name <> ''),
      submitted INTEGER NOT NULL,
      definition TEXT NOT NULL CHECK (json_valid(definition))
    ) STRICT
    """

  /// `end_code` and `end_message` tell why a job ended where no attempt does.
  private static let job = """
    ALTER TABLE job ADD COLUMN wish_retry TEXT CHECK (wish_retry IS NULL OR json_valid(wish_retry));
    ALTER TABLE job ADD COLUMN wish_start_within INTEGER CHECK (wish_start_within >= 0);
    ALTER TABLE job ADD COLUMN wish_finish_within INTEGER CHECK (wish_finish_within >= 0);
    ALTER TABLE job ADD COLUMN retry TEXT CHECK (retry IS NULL OR json_valid(retry));
    ALTER TABLE job ADD COLUMN start_within INTEGER CHECK (start_within >= 0);
    ALTER TABLE job ADD COLUMN finish_within INTEGER CHECK (finish_within >= 0);
    ALTER TABLE job ADD COLUMN on_dependency_failure TEXT NOT NULL DEFAULT 'cancel'
      CHECK (on_dependency_failure IN ('cancel', 'hold'));
    ALTER TABLE job ADD COLUMN job_key TEXT CHECK (job_key IS NULL OR json_valid(job_key));
    ALTER TABLE job ADD COLUMN job_group TEXT CHECK (job_group <> '');
    ALTER TABLE job ADD COLUMN step TEXT CHECK (step <> '');
    ALTER TABLE job ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1));
    ALTER TABLE job ADD COLUMN cancel_requested INTEGER;
    ALTER TABLE job ADD COLUMN end_code TEXT CHECK (end_code IS NULL OR ended IS NOT NULL);
    ALTER TABLE job ADD COLUMN end_message TEXT CHECK ((end_message IS NULL) = (end_code IS NULL));
    ALTER TABLE job ADD COLUMN carryover TEXT CHECK (carryover IS NULL OR json_valid(carryover));
    ALTER TABLE job ADD COLUMN workflow INTEGER REFERENCES workflow (id) ON DELETE SET NULL;
    CREATE INDEX job_workflow ON job (workflow) WHERE workflow IS NOT NULL;
    CREATE INDEX job_group ON job (job_group) WHERE job_group IS NOT NULL;
    CREATE INDEX job_ended ON job (state, ended) WHERE ended IS NOT NULL;
    """

  /// `needed` may be a job that is no longer on record; then it was settled long ago.
  private static let dependency = """
    CREATE TABLE dependency (
      job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      position INTEGER NOT NULL CHECK (position >= 0),
      needed INTEGER NOT NULL,
      condition TEXT NOT NULL CHECK (condition IN ('ok', 'any', 'failed')),
      name TEXT CHECK (name <> ''),
      PRIMARY KEY (job, position),
      CHECK (needed <> job)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX dependency_needed ON dependency (needed, job);
    """

  /// `until` is NULL while the key holds until its job has ended; `handler` is empty for a global key.
  private static let key = """
    CREATE TABLE job_key (
      handler TEXT NOT NULL,
      text TEXT NOT NULL CHECK (text <> ''),
      job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      until INTEGER,
      PRIMARY KEY (handler, text)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX job_key_job ON job_key (job);
    """

  /// What the last attempt at a job saved for the next one.
  private static let checkpoint = """
    CREATE TABLE checkpoint (
      job INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
      bytes BLOB NOT NULL
    ) STRICT
    """

  private static let memo = """
    CREATE TABLE memo (
      kind TEXT NOT NULL CHECK (kind IN ('setting', 'pause', 'breaker', 'boot')),
      name TEXT NOT NULL,
      value TEXT NOT NULL CHECK (json_valid(value)),
      PRIMARY KEY (kind, name)
    ) STRICT, WITHOUT ROWID
    """

  /// SQLite can't change a CHECK, so the table is made anew for one more outcome: `snoozed`.
  private static let attempt = """
    DROP VIEW history;
    CREATE TABLE attempt_v3 (
      job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      number INTEGER NOT NULL CHECK (number >= 1),
      handler TEXT NOT NULL CHECK (handler <> ''),
      class TEXT,
      plugin TEXT NOT NULL,
      plugin_version TEXT NOT NULL,
      plugin_sha256 TEXT NOT NULL CHECK (length(plugin_sha256) = 64),
      limit_memory INTEGER NOT NULL CHECK (limit_memory >= 0),
      limit_cpu_millis INTEGER NOT NULL CHECK (limit_cpu_millis >= 0),
      limit_pids INTEGER NOT NULL CHECK (limit_pids >= 0),
      limit_io TEXT CHECK (limit_io IS NULL OR json_valid(limit_io)),
      admission_estimate INTEGER NOT NULL CHECK (admission_estimate >= 0),
      admission_memory_used INTEGER NOT NULL CHECK (admission_memory_used >= 0),
      admission_memory_capacity INTEGER NOT NULL CHECK (admission_memory_capacity >= 0),
      admission_running INTEGER NOT NULL CHECK (admission_running >= 0),
      admission_queued INTEGER NOT NULL CHECK (admission_queued >= 0),
      queued INTEGER NOT NULL,
      starting INTEGER NOT NULL,
      started INTEGER,
      ended INTEGER,
      outcome TEXT CHECK (outcome IN ('succeeded', 'error', 'crashed', 'oomOwnLimit', 'oomPressure',
        'timedOut', 'cancelled', 'evicted', 'snoozed', 'lost')),
      exit_code INTEGER CHECK (exit_code BETWEEN 0 AND 255),
      exit_signal INTEGER CHECK (exit_signal BETWEEN 1 AND 127),
      failure_code TEXT,
      failure_message TEXT,
      failure_retryable INTEGER CHECK (failure_retryable IN (0, 1)),
      memory_peak INTEGER CHECK (memory_peak >= 0),
      cpu_user INTEGER CHECK (cpu_user >= 0),
      cpu_system INTEGER CHECK (cpu_system >= 0),
      throttled INTEGER CHECK (throttled >= 0),
      io_read INTEGER CHECK (io_read >= 0),
      io_written INTEGER CHECK (io_written >= 0),
      pids_peak INTEGER CHECK (pids_peak >= 0),
      oom_kills INTEGER CHECK (oom_kills >= 0),
      forks_refused INTEGER CHECK (forks_refused >= 0),
      frozen_time INTEGER NOT NULL DEFAULT 0 CHECK (frozen_time >= 0),
      frozen_since INTEGER CHECK (frozen_since IS NULL OR (started IS NOT NULL AND outcome IS NULL)),
      time_to_peak INTEGER CHECK (time_to_peak >= 0),
      admission TEXT CHECK (admission IS NULL OR json_valid(admission)),
      wait INTEGER AS (starting - queued),
      duration INTEGER AS (ended - started),
      cpu INTEGER AS (coalesce(cpu_user + cpu_system, cpu_user, cpu_system)),
      PRIMARY KEY (job, number),
      CHECK ((ended IS NULL) = (outcome IS NULL)),
      CHECK (exit_code IS NULL OR exit_signal IS NULL),
      CHECK (ended IS NOT NULL OR (exit_code IS NULL AND exit_signal IS NULL AND failure_code IS NULL)),
      CHECK ((failure_code IS NULL) = (failure_message IS NULL)),
      CHECK ((failure_code IS NULL) = (failure_retryable IS NULL))
    ) STRICT;
    INSERT INTO attempt_v3 (\(attemptColumns)) SELECT \(attemptColumns) FROM attempt;
    DROP TABLE attempt;
    ALTER TABLE attempt_v3 RENAME TO attempt;
    """

  private static let attemptColumns = """
    job, number, handler, class, plugin, plugin_version, plugin_sha256, limit_memory, limit_cpu_millis,
    limit_pids, limit_io, admission_estimate, admission_memory_used, admission_memory_capacity,
    admission_running, admission_queued, queued, starting, started, ended, outcome, exit_code, exit_signal,
    failure_code, failure_message, failure_retryable, memory_peak, cpu_user, cpu_system, throttled, io_read,
    io_written, pids_peak, oom_kills, forks_refused, frozen_time, frozen_since, time_to_peak, admission
    """
}
