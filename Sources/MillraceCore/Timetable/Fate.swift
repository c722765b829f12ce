/// What became of a nominal time of a schedule.
package enum Fate: String, Sendable, Hashable, CaseIterable, Codable {
  /// Its job was made when it was due.
  case ran
  /// Its job was made, but late: the runner was there and could not do it sooner.
  case late
  /// Its job was made afterwards: the runner was down when it was due, or somebody asked for it.
  case caughtUp = "caught-up"
  /// Somebody asked for a job beside its times.
  case manual
  /// A job of an earlier time had not ended.
  case skippedOverlap = "skipped-overlap"
  /// It could only have been made up for after its window.
  case skippedWindow = "skipped-window"
  /// A calendar forbids its day.
  case skippedCalendar = "skipped-calendar"
  /// The clock skips it.
  case skippedGap = "skipped-gap"
  /// What makes jobs of events made the event itself, or goes round in a circle.
  case skippedLoop = "skipped-loop"
  /// The schedule was paused.
  case skippedPaused = "skipped-paused"
  /// The clock shows it a second time; its job was made the first time.
  case doubledHour = "doubled-hour"
  /// The runner was down.
  case missedDown = "missed-down"
  /// Its job was refused.
  case failedToSubmit = "failed-to-submit"

  /// Whether there is a job.
  package var hasJob: Bool {
    switch self {
    case .ran, .late, .caughtUp, .manual: true
    case .skippedOverlap, .skippedWindow, .skippedCalendar, .skippedGap, .skippedLoop, .skippedPaused,
      .doubledHour, .missedDown, .failedToSubmit:
      false
    }
  }
}

/// A nominal time of a schedule and its fate: one row, which is never taken back.
package struct Tick: Sendable, Hashable {
  package var schedule: ScheduleID
  /// When it was due, by the wall clock.
  package var nominal: Timestamp
  /// The same as the clock of the schedule's zone shows it: `2021-03-28T04:00:00+03:00`.
  package var local: String
  package var fate: Fate
  /// When that was decided, by the wall clock.
  package var decided: Timestamp
  /// Nil if there is none.
  package var job: JobID?
  /// Why, or what daylight saving or a calendar did to it; nil if there is nothing to say.
  package var note: String?

  package init(
    schedule: ScheduleID, nominal: Timestamp, local: String, fate: Fate, decided: Timestamp,
    job: JobID? = nil, note: String? = nil
  ) {
    self.schedule = schedule
    self.nominal = nominal
    self.local = local
    self.fate = fate
    self.decided = decided
    self.job = job
    self.note = note
  }
}
