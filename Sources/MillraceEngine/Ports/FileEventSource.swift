package import MillraceCore

/// A directory that a schedule watches.
package struct WatchedDirectory: Sendable, Hashable {
  /// The name of the schedule.
  package var schedule: String
  package var rule: Trigger.FileRule
  /// Files that are there already are told of if they have changed since, by the wall clock.
  package var since: Timestamp

  package init(schedule: String, rule: Trigger.FileRule, since: Timestamp) {
    self.schedule = schedule
    self.rule = rule
    self.since = since
  }
}

/// A file that was closed after writing, or moved, into a directory.
package struct FileAppearance: Sendable, Hashable {
  /// The schedule that watches.
  package var schedule: String
  package var directory: String
  package var name: String
  package var bytes: Int64
  /// When its content last changed, by the wall clock.
  package var modified: Timestamp
  /// The same for the same content of the same file, whenever it is told of.
  package var identity: String

  package init(
    schedule: String, directory: String, name: String, bytes: Int64, modified: Timestamp, identity: String
  ) {
    self.schedule = schedule
    self.directory = directory
    self.name = name
    self.bytes = bytes
    self.modified = modified
    self.identity = identity
  }
}

/// What a source of file events tells.
package enum FileEventChange: Sendable {
  /// At most `page` of them.
  case appeared([FileAppearance])
  /// Something that the operator should know of: a directory that can't be watched.
  case notice(String)

  /// So many files are told at once.
  package static let page = 256
}

/// Watches directories for files. Nothing that appeared is left out: what could not be told is looked for
/// again.
package protocol FileEventSource: Sendable {
  /// Watches these directories from now on, and no others; those that were watched before go on.
  func watch(_ directories: [WatchedDirectory])
  /// What is found; there is one reader.
  var changes: AsyncStream<FileEventChange> { get }
}
