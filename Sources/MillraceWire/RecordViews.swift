package import MillraceCore

/// The body of `POST /v1/prune`; nil stands for what the configuration says.
package struct PruneRequest: Codable, Sendable, Equatable {
  /// Whether it shall only be said what would go.
  package var dryRun: Bool?
  /// Jobs that ended so long ago.
  package var olderThanSeconds: Double?
  /// Only jobs that ended so.
  package var states: [JobState]?
  /// Whether free pages of the database go back to the file system afterwards.
  package var vacuum: Bool?
  /// Only these jobs, whenever they ended.
  package var ids: [JobID]?

  package init(
    dryRun: Bool? = nil, olderThanSeconds: Double? = nil, states: [JobState]? = nil, vacuum: Bool? = nil,
    ids: [JobID]? = nil
  ) {
    self.ids = ids
    self.dryRun = dryRun
    self.olderThanSeconds = olderThanSeconds
    self.states = states
    self.vacuum = vacuum
  }
}

/// What went, or would go: the answer to `POST /v1/prune`.
package struct PruneView: Codable, Sendable, Equatable {
  package var dryRun: Bool
  /// A row for each state that jobs had ended in.
  package var jobs: [PrunedJobsView]
  package var logFiles: Int
  package var logBytes: Int64
  package var builds: Int
  package var buildBytes: Int64
  /// Nominal times of schedules.
  package var ticks: Int
  package var events: Int
  /// Commits of which it is no longer told.
  package var transitions: Int
  /// Entries of the audit.
  package var audit: Int
  /// How much shorter the database is.
  package var vacuumedBytes: Int64
  /// The record afterwards: the pages of the database in use and the free ones, payload files, logs.
  package var databaseBytes: Int64
  package var freeBytes: Int64
  package var payloadBytes: Int64
  package var logsBytes: Int64
  /// Whether free pages can be given back while the runner works.
  package var canVacuum: Bool
  /// By how much the record passes `retention.bytes`.
  package var overBytes: Int64

  package init(
    dryRun: Bool, jobs: [PrunedJobsView], logFiles: Int, logBytes: Int64, builds: Int, buildBytes: Int64,
    ticks: Int, events: Int, transitions: Int, audit: Int, vacuumedBytes: Int64, databaseBytes: Int64,
    freeBytes: Int64, payloadBytes: Int64, logsBytes: Int64, canVacuum: Bool, overBytes: Int64
  ) {
    self.dryRun = dryRun
    self.jobs = jobs
    self.logFiles = logFiles
    self.logBytes = logBytes
    self.builds = builds
    self.buildBytes = buildBytes
    self.ticks = ticks
    self.events = events
    self.transitions = transitions
    self.audit = audit
    self.vacuumedBytes = vacuumedBytes
    self.databaseBytes = databaseBytes
    self.freeBytes = freeBytes
    self.payloadBytes = payloadBytes
    self.logsBytes = logsBytes
    self.canVacuum = canVacuum
    self.overBytes = overBytes
  }
}

/// The jobs of one state that went, or would go.
package struct PrunedJobsView: Codable, Sendable, Equatable {
  package var state: JobState
  package var jobs: Int
  package var attempts: Int
  /// Their inputs and results.
  package var payloadBytes: Int64

  package init(state: JobState, jobs: Int, attempts: Int, payloadBytes: Int64) {
    self.state = state
    self.jobs = jobs
    self.attempts = attempts
    self.payloadBytes = payloadBytes
  }
}

/// The body of `POST /v1/backup`.
package struct BackupRequest: Codable, Sendable, Equatable {
  /// The directory to make: an absolute path on the runner's machine.
  package var directory: String

  package init(directory: String) { self.directory = directory }
}

/// What a backup holds: the answer to `POST /v1/backup`.
package struct BackupView: Codable, Sendable, Equatable {
  package var directory: String
  package var databaseBytes: Int64
  package var payloadFiles: Int
  package var payloadBytes: Int64

  package init(directory: String, databaseBytes: Int64, payloadFiles: Int, payloadBytes: Int64) {
    self.directory = directory
    self.databaseBytes = databaseBytes
    self.payloadFiles = payloadFiles
    self.payloadBytes = payloadBytes
  }
}
