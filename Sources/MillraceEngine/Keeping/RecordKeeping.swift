package import MillraceCore

/// What an operator can have done with the record: the API serves it.
package protocol RecordKeeping: Sendable {
  /// Deletes ended jobs and what belongs to them.
  /// - Throws: `Refusal`.
  func prune(_ wish: PruneWish) async throws -> PruneReport
  /// Copies the record into a new directory; `directory` is absolute.
  /// - Throws: `Refusal`.
  func backup(to directory: String) async throws -> BackupReport
}

/// What shall go.
package struct PruneWish: Hashable, Sendable {
  /// Whether it shall only be said what would go.
  package var isRehearsal = false
  /// Jobs that ended so long ago; nil for what the configuration says.
  package var olderThan: Duration?
  /// Only jobs that ended so; empty for all.
  package var states: [JobState] = []
  /// Only these jobs, whenever they ended; nil for all.
  package var jobs: [JobID]?
  /// Whether free pages of the database go back to the file system afterwards.
  package var shrinks = false

  package init() {}

  /// Whether it asks for no more than the configuration does by itself.
  package var isConfigured: Bool { olderThan == nil && states.isEmpty && jobs == nil }
}

/// What went, or would go.
package struct PruneReport: Hashable, Sendable {
  package var isRehearsal = false
  package var tallies: [JobState: JobTally] = [:]
  /// Logs: of jobs that went, old ones, and such of jobs that are not on record.
  package var logFiles = 0
  package var logBytes = Bytes.zero
  /// Copies of builds that neither a plugin in use nor an attempt on record names.
  package var builds = 0
  package var buildBytes = Bytes.zero
  /// Nominal times of schedules.
  package var ticks = 0
  package var events = 0
  /// Commits of which it is no longer told.
  package var transitions = 0
  /// Entries of the audit.
  package var audit = 0
  /// How much shorter the database is.
  package var shrunk = Bytes.zero
  /// The record afterwards, and its logs.
  package var size = RecordSize()
  package var logsLeft = Bytes.zero
  /// By how much it passes the bound, and nothing more may go; in a rehearsal: what would go for it besides.
  package var over = Bytes.zero
  /// When the next thing will be old enough; nil if nothing ever will.
  package var next: Timestamp?

  package init() {}

  /// The jobs of all states together.
  package var tally: JobTally { tallies.values.reduce(JobTally(), +) }

  mutating func add(_ deletion: [JobState: JobTally]) { tallies.merge(deletion, uniquingKeysWith: +) }

  /// Whether anything went, or would go.
  package var isEmpty: Bool {
    tallies.isEmpty && logFiles == 0 && builds == 0 && ticks == 0 && events == 0
      && transitions == 0 && audit == 0 && shrunk == .zero
  }
}
