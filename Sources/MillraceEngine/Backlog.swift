import MillraceCore

/// What is decided and not yet on the disk, and what must wait until it is.
///
/// Normally a commit empties it at once. While commits fail (a full disk), decisions pile up here, nothing is
/// started and no job is taken; bounded by the number of running attempts and of jobs that are cancelled.
struct Backlog {
  /// The changes to commit, in order.
  var changes: [StoreChange] = []
  /// What to start when they are committed.
  var launches: [Launch] = []
  /// Jobs whose end will be on record.
  var ended: [JobID] = []
  /// Whether the last commit failed.
  var isStuck = false

  /// An attempt to start.
  struct Launch {
    var id: AttemptID
    var plugin: Plugin
    var job: WaitingJob
  }

  var isEmpty: Bool { changes.isEmpty }
}
