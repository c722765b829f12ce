/// What shall run again and again, and when: as somebody wrote it down.
///
/// Files, the API and the command line have the same members, and `source` keeps them as they were written.
package struct ScheduleDefinition: Sendable, Equatable {
  package var name: String
  package var timing: Timing
  /// The name of its time zone; nil for the machine's own.
  package var timeZone: String?
  /// Each job starts at a time that is drawn from this span after its nominal time.
  package var jitter: Duration = .zero
  /// No nominal time after this one; nil for no end.
  package var until: WrittenTime?
  /// How many jobs its times make; nil for no bound.
  package var maxRuns: Int?
  package var catchUp = CatchUp.latest
  /// How long after its nominal time a job can still be made; nil for ever.
  package var window: Duration?
  package var overlap = Overlap.skip
  package var calendars = CalendarRule()
  /// What the job shall be: `StepReader.known`, with `{{nominal_time}}` and the like in it.
  package var job: [PlacedValue.Member]
  /// The members as they were written, the name among them.
  package var source: JSONValue

  /// When it is due.
  package enum Timing: Sendable, Equatable {
    case cron(CronExpression, DaylightRule)
    /// One span after the schedule was made, two spans after it, and so on.
    case every(Duration)
    case at(WrittenTime)
    /// Whenever events come that it names.
    case trigger(Trigger)

    /// Returns it as a recurrence of a schedule that was made at some time; nil if it has no times of its
    /// own.
    package func recurrence(since created: Timestamp) -> Recurrence? {
      switch self {
      case .cron(let expression, let rule): .cron(expression, rule)
      case .every(let span): .every(span, since: created)
      case .at(let time): .at(time)
      case .trigger: nil
      }
    }
  }

  /// What gives it events; nil if it has times of its own.
  package var trigger: Trigger? { if case .trigger(let trigger) = timing { trigger } else { nil } }

  /// Which of the times are made up for at which the runner was down.
  package enum CatchUp: String, Sendable, Hashable, CaseIterable {
    case none, latest, all
  }

  /// What happens at a nominal time while a job of an earlier one has not ended.
  package enum Overlap: String, Sendable, Hashable, CaseIterable {
    /// Both go on.
    case allow
    /// This time makes no job.
    case skip
    /// Its job waits for the earlier one.
    case queue
    /// The earlier one is cancelled, and its job follows.
    case cancelRunning = "cancel-running"
  }

  /// Which days its calendars allow.
  package struct CalendarRule: Sendable, Hashable {
    /// On a day of one of these it does not run.
    package var exclude: [String] = []
    /// It only runs on days of all of these.
    package var require: [String] = []
    /// What happens to a time on a day that is not allowed.
    package var otherwise = Otherwise.skip

    package enum Otherwise: String, Sendable, Hashable, CaseIterable {
      case skip
      /// It is due on the next day that is allowed, at the same time of day.
      case nextAllowedDay = "next-allowed-day"
    }

    package init() {}

    package var isEmpty: Bool { exclude.isEmpty && require.isEmpty }

    /// All of its calendars.
    package var names: [String] { exclude + require }
  }
}
