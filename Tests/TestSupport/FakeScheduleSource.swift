package import MillraceCore
package import MillraceEngine
import Synchronization

/// Zones and calendars that a test says, and schedules in files that it publishes.
package final class FakeScheduleSource: ScheduleSource {
  private let state: Mutex<Timetable.Surroundings>
  package let changes: AsyncStream<ScheduleSourceChange>
  private let continuation: AsyncStream<ScheduleSourceChange>.Continuation

  /// Makes a source without files, but for those that could not be read; `UTC` is always known, as the
  /// machine's own zone too.
  package init(
    zones: [String: ZoneRules] = [:], calendars: [String: DayCalendar] = [:], unreadable: [String] = []
  ) {
    state = Mutex(
      Timetable.Surroundings(
        zones: ["": .utc, "UTC": .utc].merging(zones) { $1 }, calendars: calendars))
    (changes, continuation) = AsyncStream.makeStream()
    continuation.yield(.files([], unreadable: unreadable))
  }

  package func zone(named name: String) throws -> ZoneRules {
    guard let zone = state.withLock({ $0.zones[name] }) else {
      throw Refusal(.invalid, "cannot use the time zone `\(name)`: there is no such zone")
    }
    return zone
  }

  package func calendar(named name: String) throws -> DayCalendar {
    guard let calendar = state.withLock({ $0.calendars[name] }) else {
      throw Refusal(.invalid, "there is no calendar `\(name)`")
    }
    return calendar
  }

  /// Changes zones and calendars, and tells of it.
  package func change(_ body: (inout Timetable.Surroundings) -> Void) {
    state.withLock { body(&$0) }
    continuation.yield(.surroundings)
  }

  /// Has these schedules in files from now on, and paths that could not be read.
  package func publish(
    _ files: [(definition: ScheduleDefinition, file: String)], unreadable: [String] = []
  ) {
    continuation.yield(.files(files, unreadable: unreadable))
  }
}

/// A wall clock that goes with a manual clock, and can be set.
package final class ManualWallClock: WallClock {
  private let clock: ManualClock
  private let lead: Mutex<Duration>
  package let steps: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  /// Makes one that shows what `clock` does, `lead` later.
  package init(_ clock: ManualClock, ahead lead: Duration = .zero) {
    self.clock = clock
    self.lead = Mutex(lead)
    (steps, continuation) = AsyncStream.makeStream()
  }

  package func now() -> Timestamp { clock.now() + lead.withLock { $0 } }

  /// Sets the clock so much forward; back if it is less than zero.
  package func step(by span: Duration) {
    lead.withLock { $0 = $0 + span }
    continuation.yield()
  }
}
