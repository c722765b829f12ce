/// How long ended jobs, what belongs to them, the nominal times of schedules and events are kept, and how
/// much all of it may come to.
package struct Retention: Hashable, Sendable {
  /// How long after its end a job that succeeded stays; nil: for ever.
  package var succeeded: Duration? = days(30)
  /// The same of one that failed: a dead letter.
  package var failed: Duration? = days(90)
  package var cancelled: Duration? = days(30)
  /// How long after their last line the logs of a job stay that is still on record; nil: as long as the job.
  package var logs: Duration? = days(14)
  /// How long after it was decided what becomes of it a nominal time of a schedule stays; nil: for ever.
  package var ticks: Duration? = days(400)
  /// How long after it came an event stays about which everything is decided; nil: for ever.
  package var events: Duration? = days(30)
  /// How long those who follow the runner can resume behind a transition; nil: for ever.
  package var transitions: Duration? = days(7)
  /// How long it is kept who had something changed; nil: for ever.
  package var audit: Duration? = days(400)
  /// What database, payload files and logs may come to; nil: no bound.
  package var bytes: Bytes? = .gibibytes(10)

  /// Makes the usual one.
  package init() {}

  /// Returns how long jobs with this end stay; nil: for ever.
  /// - Precondition: `state` is final.
  package func span(for state: JobState) -> Duration? {
    switch state {
    case .succeeded: succeeded
    case .failed: failed
    case .cancelled: cancelled
    case .blocked, .scheduled, .queued, .starting, .running:
      preconditionFailure("a job that is \(state) has not ended")
    }
  }

  /// In which order jobs go when there is no room: dead letters last, those of one group by their ends.
  package static let order: [[JobState]] = [[.succeeded, .cancelled], [.failed]]

  private static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
