import MillraceCore

extension Engine {
  /// What an engine knows of events.
  struct EventBook {
    /// How many events wait to be decided about, or a few more.
    var openCount = 0
    /// Whether there may be one: the record tells.
    var mayHaveOpen = false
    /// Whether what is due waits until the queue of jobs has room: nothing that was announced is lost.
    var waitsForRoom = false
    /// The directories that are watched, as they were last told.
    var watched: [ScheduleID: Trigger.FileRule] = [:]
    /// How short memory was when that was last looked at.
    var pressure = Pressure.none

    /// So many events may wait to be decided about; then no more are taken in.
    static let mostOpen = 10_000
  }

  /// Events that one caller announces.
  struct Announcement: Sendable {
    var events: [CloudEvent]
    var answer: CheckedContinuation<[EventAcceptance], any Error>
  }
}
