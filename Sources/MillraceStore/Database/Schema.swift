import GRDB

/// The tables, as a list of migrations. A migration that shipped is never changed: append another one.
///
/// Times are microseconds since 1970-01-01 UTC, spans are microseconds, sizes are bytes. NULL stands for
/// "unknown" or "not yet". The tables belong to Millrace; people read the view `history`.
enum Schema {
  /// What marks a database as ours: "Mill" (<https://sqlite.org/pragma.html#pragma_application_id>).
  static let applicationID: Int32 = 0x4d69_6c6c

  /// All migrations.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("v1") { db in
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      for sql in [job, label, input, attempt, result, plugin, indices, attemptIndices, HistoryView.first] {
        try db.execute(sql: sql)
      }
    }
    // It touches no foreign key, so a large database need not be checked for them.
    migrator.registerMigration("v2", foreignKeyChecks: .immediate) { db in
      for sql in [frozenAndAdmitted, evidence, HistoryView.second] { try db.execute(sql: sql) }
    }
    // Foreign keys are off meanwhile: the results of attempts must not go with the old table.
    migrator.registerMigration("v3") { db in
      for sql in LifeSchema.all { try db.execute(sql: sql) }
    }
    migrator.registerMigration("v4", foreignKeyChecks: .immediate) { db in
      for sql in [warmth, HistoryView.fourth] { try db.execute(sql: sql) }
    }
    migrator.registerMigration("v5", foreignKeyChecks: .immediate) { db in
      for sql in ScheduleSchema.all { try db.execute(sql: sql) }
    }
    migrator.registerMigration("v6", foreignKeyChecks: .immediate) { db in
      for sql in EventSchema.all { try db.execute(sql: sql) }
    }
    migrator.registerMigration("v7", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: TransitionRows.table)
    }
    migrator.registerMigration("v8", foreignKeyChecks: .immediate) { db in
      for sql in [ownership, AuditRows.table, HistoryView.eighth] { try db.execute(sql: sql) }
    }
    migrator.registerMigration("v9", foreignKeyChecks: .immediate) { db in
      for sql in FigureView.all { try db.execute(sql: sql) }
    }
    migrator.registerMigration("v10", foreignKeyChecks: .immediate) { db in
      for sql in [clusters, HistoryView.tenth] { try db.execute(sql: sql) }
    }
    migrator.registerMigration("v11", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: ofHandlers)
    }
    return migrator
  }

  /// Which jobs went wrong, word for word as a query has to say it for `job_handler_state`.
  static let wentWrong = "(state = 'failed' OR state = 'cancelled')"

  /// What `v11` adds: how attempts at a handler's jobs ended, and which of them went wrong. A job that
  /// succeeds costs one entry.
  private static let ofHandlers = """
    CREATE INDEX attempt_handler_outcome ON attempt (handler, outcome, starting, job, number)
      WHERE outcome IS NOT NULL;
    CREATE INDEX job_handler_state ON job (handler, state) WHERE \(wentWrong);
    """

  /// What `v10` adds: where jobs may run and attempts ran. NULL is this machine.
  private static let clusters = """
    ALTER TABLE job ADD COLUMN wish_place TEXT CHECK (wish_place IN ('local', 'slurm', 'auto'));
    ALTER TABLE job ADD COLUMN place TEXT CHECK (place IN ('local', 'slurm', 'auto'));
    ALTER TABLE attempt ADD COLUMN place TEXT CHECK (place = 'slurm');
    ALTER TABLE attempt ADD COLUMN cluster_job TEXT 
      CHECK (cluster_job IS NULL OR (cluster_job <> '' AND ended IS NOT NULL));
    ALTER TABLE attempt ADD COLUMN node TEXT CHECK (node IS NULL OR (node <> '' AND ended IS NOT NULL));
    ALTER TABLE attempt ADD COLUMN late_outcome TEXT CHECK (late_outcome IS NULL OR outcome = 'lost');
    CREATE INDEX attempt_node ON attempt (node, starting, job, number) WHERE node IS NOT NULL;
    """

  /// What `v4` adds: how attempts were started, and from which host jobs want to be.
  private static let warmth = """
    ALTER TABLE job ADD COLUMN affinity TEXT CHECK (affinity <> '');
    ALTER TABLE attempt ADD COLUMN tier TEXT CHECK (tier IN ('warm', 'template', 'cold'));
    """

  /// What `v8` adds, beside the audit: who submitted a job, which of its parameters are secrets, and what
  /// makes a workflow the same as another.
  private static let ownership = """
    ALTER TABLE job ADD COLUMN owner TEXT CHECK (owner <> '');
    ALTER TABLE job ADD COLUMN secrets TEXT CHECK (json_type(secrets) = 'array');
    ALTER TABLE workflow ADD COLUMN key TEXT CHECK (key <> '');
    CREATE INDEX workflow_key ON workflow (key, submitted) WHERE key IS NOT NULL;
    """

  private static let job = """
    CREATE TABLE job (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      handler TEXT NOT NULL CHECK (handler <> ''),
      state TEXT NOT NULL CHECK (state IN
        ('blocked', 'scheduled', 'queued', 'starting', 'running', 'succeeded', 'failed', 'cancelled')),
      priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 10),
      class TEXT,
      parameters TEXT NOT NULL CHECK (json_valid(parameters) AND json_type(parameters) = 'object'),
      trace_parent TEXT,
      input_size INTEGER CHECK (input_size >= 0),
      wish_memory INTEGER CHECK (wish_memory >= 0),
      wish_cpu_millis INTEGER CHECK (wish_cpu_millis >= 0),
      wish_pids INTEGER CHECK (wish_pids >= 0),
      wish_io TEXT CHECK (wish_io IS NULL OR json_valid(wish_io)),
      wish_timeout INTEGER CHECK (wish_timeout >= 0),
      wish_grace INTEGER CHECK (wish_grace >= 0),
      wish_max_attempts INTEGER CHECK (wish_max_attempts >= 0),
      wish_retry_delay INTEGER CHECK (wish_retry_delay >= 0),
      limit_memory INTEGER NOT NULL CHECK (limit_memory >= 0),
      limit_cpu_millis INTEGER NOT NULL CHECK (limit_cpu_millis >= 0),
      limit_pids INTEGER NOT NULL CHECK (limit_pids >= 0),
      limit_io TEXT CHECK (limit_io IS NULL OR json_valid(limit_io)),
      timeout INTEGER NOT NULL CHECK (timeout >= 0),
      grace INTEGER NOT NULL CHECK (grace >= 0),
      max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
      retry_delay INTEGER NOT NULL CHECK (retry_delay >= 0),
      asked_not_before INTEGER,
      submitted INTEGER NOT NULL,
      not_before INTEGER,
      ended INTEGER,
      attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
      attempts_used INTEGER NOT NULL DEFAULT 0 CHECK (attempts_used BETWEEN 0 AND attempts),
      CHECK ((ended IS NOT NULL) = (state IN ('succeeded', 'failed', 'cancelled'))),
      CHECK ((not_before IS NOT NULL) = (state = 'scheduled')),
      CHECK (attempts > 0 OR state NOT IN ('starting', 'running'))
    ) STRICT
    """

  private static let label = """
    CREATE TABLE label (
      job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
      key TEXT NOT NULL CHECK (key <> ''),
      value TEXT NOT NULL,
      PRIMARY KEY (job, key)
    ) STRICT, WITHOUT ROWID
    """

  /// Payloads have tables of their own, so that a list of jobs never reads past them.
  private static let input = """
    CREATE TABLE input (
      job INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
      size INTEGER NOT NULL CHECK (size >= 0),
      bytes BLOB CHECK (length(bytes) = size),
      file TEXT UNIQUE CHECK (file <> ''),
      CHECK ((bytes IS NULL) <> (file IS NULL))
    ) STRICT
    """

  private static let attempt = """
    CREATE TABLE attempt (
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
        'timedOut', 'cancelled', 'evicted', 'lost')),
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
      wait INTEGER AS (starting - queued),
      duration INTEGER AS (ended - started),
      cpu INTEGER AS (coalesce(cpu_user + cpu_system, cpu_user, cpu_system)),
      PRIMARY KEY (job, number),
      CHECK ((ended IS NULL) = (outcome IS NULL)),
      CHECK (exit_code IS NULL OR exit_signal IS NULL),
      CHECK (ended IS NOT NULL OR (exit_code IS NULL AND exit_signal IS NULL AND failure_code IS NULL)),
      CHECK ((failure_code IS NULL) = (failure_message IS NULL)),
      CHECK ((failure_code IS NULL) = (failure_retryable IS NULL))
    ) STRICT
    """

  private static let result = """
    CREATE TABLE result (
      job INTEGER NOT NULL,
      number INTEGER NOT NULL,
      media_type TEXT NOT NULL,
      size INTEGER NOT NULL CHECK (size >= 0),
      bytes BLOB CHECK (length(bytes) = size),
      file TEXT UNIQUE CHECK (file <> ''),
      PRIMARY KEY (job, number),
      FOREIGN KEY (job, number) REFERENCES attempt (job, number) ON DELETE CASCADE,
      CHECK ((bytes IS NULL) <> (file IS NULL))
    ) STRICT
    """

  private static let plugin = """
    CREATE TABLE plugin (
      sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
      name TEXT NOT NULL CHECK (name <> ''),
      version TEXT NOT NULL,
      path TEXT NOT NULL,
      first_seen INTEGER NOT NULL,
      last_seen INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE handler (
      plugin TEXT NOT NULL REFERENCES plugin (sha256) ON DELETE CASCADE,
      position INTEGER NOT NULL CHECK (position >= 0),
      name TEXT NOT NULL CHECK (name <> ''),
      summary TEXT NOT NULL,
      parameter_schema TEXT CHECK (parameter_schema IS NULL OR json_valid(parameter_schema)),
      wishes TEXT NOT NULL CHECK (json_valid(wishes)),
      concurrency INTEGER CHECK (concurrency >= 0),
      PRIMARY KEY (plugin, position),
      UNIQUE (plugin, name)
    ) STRICT
    """

  /// One index per filter, each ending in the order of its list; the rowid at the end of an index on `job`
  /// is the job's number.
  private static let indices = """
    CREATE INDEX job_unfinished ON job (id) WHERE ended IS NULL;
    CREATE INDEX job_state ON job (state);
    CREATE INDEX job_handler ON job (handler);
    CREATE INDEX job_class ON job (class) WHERE class IS NOT NULL;
    CREATE INDEX job_submitted ON job (submitted);
    CREATE INDEX label_value ON label (key, value, job);
    CREATE INDEX plugin_name ON plugin (name, last_seen);
    """

  static let attemptIndices = """
    CREATE INDEX attempt_time ON attempt (starting, job, number);
    CREATE INDEX attempt_handler ON attempt (handler, starting, job, number);
    CREATE INDEX attempt_class ON attempt (class, starting, job, number) WHERE class IS NOT NULL;
    CREATE INDEX attempt_outcome ON attempt (outcome, starting, job, number) WHERE outcome IS NOT NULL;
    CREATE INDEX attempt_memory ON attempt (memory_peak, job, number);
    CREATE INDEX attempt_cpu ON attempt (cpu, job, number);
    CREATE INDEX attempt_duration ON attempt (duration, job, number);
    CREATE INDEX attempt_wait ON attempt (wait, job, number);
    """

  /// `frozen_time` is of spans that are over. `admission` is all that admission knew; the columns
  /// `admission_…` are for the view, and for rows of v1, which have nothing else.
  private static let frozenAndAdmitted = """
    ALTER TABLE attempt ADD COLUMN frozen_time INTEGER NOT NULL DEFAULT 0 CHECK (frozen_time >= 0);
    ALTER TABLE attempt ADD COLUMN frozen_since INTEGER
      CHECK (frozen_since IS NULL OR (started IS NOT NULL AND outcome IS NULL));
    ALTER TABLE attempt ADD COLUMN time_to_peak INTEGER CHECK (time_to_peak >= 0);
    ALTER TABLE attempt ADD COLUMN admission TEXT CHECK (admission IS NULL OR json_valid(admission));
    """

  /// What tells something of the next attempts, for each handler and each class by the time of its end.
  static let evidence = """
    CREATE INDEX attempt_evidence ON attempt (handler, ended, job, number)
      WHERE outcome IN ('succeeded', 'oomOwnLimit', 'timedOut') AND started IS NOT NULL;
    CREATE INDEX attempt_class_evidence ON attempt (handler, class, ended, job, number)
      WHERE outcome IN ('succeeded', 'oomOwnLimit', 'timedOut') AND started IS NOT NULL AND class IS NOT NULL;
    """
}
