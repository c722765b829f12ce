/// Which nominal times are asked for.
package struct TickFilter: Sendable, Hashable {
  package var schedule: ScheduleID
  /// Any of these; all if it is empty.
  package var fates: Set<Fate> = []
  /// Those at this time and after it; nil for no bound.
  package var from: Timestamp?
  /// Those before this time; nil for no bound.
  package var before: Timestamp?
  package var limit: Int

  package init(schedule: ScheduleID, limit: Int = 100) {
    self.schedule = schedule
    self.limit = limit
  }
}

/// A nominal time with how its job stands.
package struct TickRow: Sendable, Hashable {
  package var tick: Tick
  /// The state of its job, also of one that is no longer on record; nil without one.
  package var state: JobState?
  /// How long the last attempt at it took; nil if none has ended, or when the job is no longer on record.
  package var duration: Duration?

  package init(tick: Tick, state: JobState?, duration: Duration?) {
    self.tick = tick
    self.state = state
    self.duration = duration
  }
}

/// Figures of a schedule.
package struct ScheduleTally: Sendable, Hashable {
  /// How many nominal times had each fate.
  package var fates: [Fate: Int] = [:]
  /// How many of its jobs succeeded, and failed.
  package var succeeded = 0
  package var failed = 0
  /// Of the last attempts of its last 200 jobs that succeeded; nil without any.
  package var meanDuration: Duration?
  package var p95Duration: Duration?
  /// The last nominal time with a job; nil if there is none.
  package var last: Timestamp?

  package init() {}
}
