package import MillraceCore

/// A `JobStore` as the one sees it who keeps it small, whole and safe.
package protocol RecordStore: JobStore, AuditStore {
  /// Rings when something was accepted or committed; there is one reader.
  var activity: AsyncStream<Void> { get }
  /// Returns how much `delete` would delete in all, by state.
  func tallies(of choice: EndedJobs, at now: Timestamp) async throws -> [JobState: JobTally]
  /// Returns when the first of the jobs ended that `delete` would delete; nil if it would delete none.
  func firstEnd(of choice: EndedJobs, at now: Timestamp) async throws -> Timestamp?
  /// Returns how each job ended that is on record: nil within for one that has not.
  func ends(of jobs: [JobID]) async throws -> [JobID: JobEnd?]
  /// Returns which of these builds (SHA-256) an attempt on record names.
  func builds(onRecord candidates: [String]) async throws -> Set<String>
  /// Deletes nominal times, at most `count` of them in one transaction, those that were decided first before
  /// the others; with the last of a removed schedule it goes itself.
  ///
  /// What is noted of events that they came of goes with them.
  /// A time whose job has not ended stays, and so does the last success of a schedule that is not removed.
  /// Call it until it deletes nothing.
  func delete(_ choice: OldTicks, atMost count: Int) async throws -> RowDeletion
  /// Returns how many nominal times `delete` would delete in all.
  func count(_ choice: OldTicks) async throws -> Int
  /// Returns when the first of the nominal times was decided that `delete` could delete; nil if none can go.
  func firstOldTick() async throws -> Timestamp?
  /// Deletes events, at most `count` of them in one transaction, those that came first before the others:
  /// with what is noted of what schedules made of them. Their nominal times stay.
  ///
  /// An event about which something is to be decided stays, and so does one that a schedule gathers. Call it
  /// until it deletes nothing.
  func delete(_ choice: OldEvents, atMost count: Int) async throws -> RowDeletion
  /// Returns how many events `delete` would delete in all.
  func count(_ choice: OldEvents) async throws -> Int
  /// Returns when the first of the events came that `delete` could delete; nil if none can go.
  func firstOldEvent() async throws -> Timestamp?
  /// Deletes rows of transitions, at most `count` of them in one transaction, the first ones first; the
  /// newest stays. Call it until it deletes nothing.
  func delete(_ choice: OldTransitions, atMost count: Int) async throws -> RowDeletion
  /// Returns how many rows of transitions `delete` would delete in all.
  func count(_ choice: OldTransitions) async throws -> Int
  /// Returns when the first of the transitions was committed that `delete` could delete; nil if none can go.
  func firstOldTransition() async throws -> Timestamp?
  /// Returns how much the record takes on the disk.
  func size() async throws -> RecordSize
  /// Gives free pages of the database back to the file system, a bounded number of them in one transaction.
  /// - Returns: how many bytes the file is shorter; zero when there is nothing to give back.
  func shrink() async throws -> Bytes
  /// Copies the record as it is at one moment, with all payload files that it names, into a new directory:
  /// a state directory that a runner can be started with. Writes go on meanwhile.
  /// - Throws: and leaves nothing behind then; also if there is something of this name.
  func backup(to directory: String) async throws -> BackupReport
}

/// How a job ended.
package struct JobEnd: Hashable, Sendable {
  package var state: JobState
  package var ended: Timestamp

  package init(state: JobState, ended: Timestamp) {
    self.state = state
    self.ended = ended
  }
}

/// How much the record takes on the disk.
package struct RecordSize: Hashable, Sendable {
  /// The pages of the database that are in use.
  package var database: Bytes
  /// Its free pages: the next rows go there.
  package var free: Bytes
  /// Payloads in files.
  package var payloads: Bytes
  /// Whether free pages can be given back while the runner works.
  package var canShrink: Bool

  package init(database: Bytes = .zero, free: Bytes = .zero, payloads: Bytes = .zero, canShrink: Bool = false)
  {
    self.database = database
    self.free = free
    self.payloads = payloads
    self.canShrink = canShrink
  }
}

/// What a backup holds.
package struct BackupReport: Hashable, Sendable {
  package var directory: String
  package var database: Bytes
  /// How many payload files, and how large they are together.
  package var files: Int
  package var payloads: Bytes

  package init(directory: String, database: Bytes, files: Int, payloads: Bytes) {
    self.directory = directory
    self.database = database
    self.files = files
    self.payloads = payloads
  }
}
