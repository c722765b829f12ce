import MillraceCore

extension Engine {
  /// The parts that schedules need; an engine without them has none.
  package struct ScheduleParts: Sendable {
    package var store: any ScheduleStore & EventStore
    package var source: any ScheduleSource
    package var files: any FileEventSource
    package var wall: any WallClock

    package init(
      store: any ScheduleStore & EventStore, source: any ScheduleSource, files: any FileEventSource,
      wall: any WallClock
    ) {
      self.store = store
      self.source = source
      self.files = files
      self.wall = wall
    }
  }

  /// What an engine knows of schedules.
  struct ScheduleBook {
    var timetable = Timetable()
    /// The zones and calendars that schedules name.
    var surroundings = Timetable.Surroundings()
    /// Since when nominal times are looked after, by the wall clock; nil before the record was read.
    var upSince: Timestamp?
    /// Schedules in files that are not yet on record, and the paths that could not be read.
    var files: (schedules: [(definition: ScheduleDefinition, file: String)], unreadable: [String])?
    /// Whether the files have been read at all.
    var hasReadFiles = false
    /// How far the wall clock was ahead of the engine's own when both were last looked at.
    var lead: Duration?
    /// Schedules whose last job was refused: the operator was told.
    var refused: Set<ScheduleID> = []
    /// What could not be used of zones, calendars and files: the operator was told.
    var complaints: Set<String> = []
  }
}
