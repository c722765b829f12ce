package import MillraceCore

/// What the machine and its operator provide for schedules: zone data, calendars, schedules in files.
package protocol ScheduleSource: Sendable {
  /// Returns the rules of a time zone; the empty name is the machine's own.
  /// - Throws: `Refusal` (`invalid`) that says what is wrong with the name or the data.
  func zone(named name: String) throws -> ZoneRules
  /// Returns a calendar, as it was when its file last had no mistake.
  /// - Throws: `Refusal` (`invalid`) for one that is not there or never was without mistakes.
  func calendar(named name: String) throws -> DayCalendar
  /// What changes, from the first reading of the files on; there is one reader.
  var changes: AsyncStream<ScheduleSourceChange> { get }
}

/// What has changed beside the schedules of commands.
package enum ScheduleSourceChange: Sendable {
  /// The schedules in files are these now: each with its file. A file with mistakes counts with its last good
  /// content; what nothing is known of, a file or a whole directory, is among the paths that are unreadable.
  case files([(definition: ScheduleDefinition, file: String)], unreadable: [String])
  /// Zones or calendars have changed: those in use are asked for anew.
  case surroundings
  /// Something that the operator should know of: a file with mistakes.
  case notice(String)
}

/// The clock on the wall, which may be set.
package protocol WallClock: Sendable {
  /// Returns the time now.
  func now() -> Timestamp
  /// Rings when the clock was set, or the machine has slept; there is one reader.
  var steps: AsyncStream<Void> { get }
}
