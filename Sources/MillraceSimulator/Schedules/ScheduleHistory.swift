package import MillraceCore

/// What happened while schedules were due: all that a checker must know. Times are whole seconds.
package struct ScheduleHistory: Sendable {
  /// A stretch in which the runner was there, the clock on the wall went on evenly, and nothing changed.
  /// Between two of them the runner was down or asleep, or the clock was set.
  package struct Presence: Sendable {
    /// From when until when, by the wall clock.
    package var wall: ClosedRange<Timestamp>
    /// When it began, by a clock that nobody sets.
    package var steady: Timestamp
    /// When the runner was started, by the wall clock.
    package var upSince: Timestamp
    package var paused: Set<ScheduleID> = []
    /// Whether jobs were refused.
    package var isRefusing = false
    /// Whether a crash ended it, in the midst of what was due at its end.
    package var isInterrupted = false

    package init(from start: Timestamp, steady: Timestamp, upSince: Timestamp) {
      wall = start...start
      self.steady = steady
      self.upSince = upSince
    }
  }

  /// A schedule as it was defined, from the beginning of a presence on.
  package struct Term: Sendable {
    package var definition: ScheduleDefinition
    package var created: Timestamp
    /// The place of that presence.
    package var first: Int

    package init(_ definition: ScheduleDefinition, created: Timestamp, first: Int) {
      (self.definition, self.created, self.first) = (definition, created, first)
    }
  }

  /// What a job tells of itself; times are those of the clock that nobody sets.
  package struct Run: Sendable {
    package var schedule: ScheduleID
    package var nominal: Timestamp
    /// When it was submitted.
    package var made: Timestamp
    package var began: Timestamp
    package var ended: Timestamp

    package init(
      schedule: ScheduleID, nominal: Timestamp, made: Timestamp, began: Timestamp, ended: Timestamp
    ) {
      (self.schedule, self.nominal, self.made) = (schedule, nominal, made)
      (self.began, self.ended) = (began, ended)
    }
  }

  /// In order.
  package var presences: [Presence] = []
  /// Of each schedule, in order.
  package var terms: [ScheduleID: [Term]] = [:]
  package var runs: [Run] = []
  /// The record.
  package var ticks: [Tick] = []

  package init() {}
}

/// What is wrong with a history.
package struct ScheduleViolation: Sendable, Hashable, CustomStringConvertible {
  package enum Kind: String, Sendable, Hashable {
    /// A nominal time has no run.
    case missing
    /// A run has no nominal time, or one that should make none.
    case extra
    /// A nominal time has a second run.
    case doubled
    /// A run was made before its time, or later than the runner could.
    case untimely
    /// Two runs went on at once.
    case overlapping
    /// A nominal time has no row, or a second one, or the row does not tell what happened.
    case untold
  }

  package var kind: Kind
  package var schedule: ScheduleID
  /// By the wall clock.
  package var nominal: Timestamp
  package var reason: String

  package var description: String {
    let time = ZoneRules.utc.local(nominal).map { $0.text + "Z" } ?? "\(nominal.rawValue)"
    return "\(kind.rawValue): schedule \(schedule) at \(time): \(reason)"
  }
}

extension Timestamp {
  /// Makes a point in time from seconds since 1970-01-01 UTC.
  init(second: Int64) { self.init(microseconds: second * 1_000_000) }

  /// The seconds since 1970-01-01 UTC.
  var second: Int64 { rawValue.flooredDivision(by: 1_000_000).quotient }
}
