/// Where a job is on its way.
///
/// `blocked` (a dependency) → `scheduled` (a time) → `queued` → `starting` → `running` → one of the three
/// ends. A retry goes back to `scheduled`; an attempt that was taken away goes back to `queued`.
package enum JobState: String, Hashable, Sendable, Codable, CaseIterable {
  case blocked, scheduled, queued, starting, running, succeeded, failed, cancelled

  /// The states of a job that has not ended.
  package static let unfinished = allCases.filter { !$0.isFinal }

  /// Whether the job has ended for good.
  package var isFinal: Bool {
    switch self {
    case .succeeded, .failed, .cancelled: true
    case .blocked, .scheduled, .queued, .starting, .running: false
    }
  }
}

/// How one attempt ended: the verdict.
package enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
  /// The handler said that it is done.
  case succeeded
  /// The handler said no, or ended without a word.
  case error
  /// A signal of its own doing ended it.
  case crashed
  /// It passed its own memory limit and the kernel killed it.
  case oomOwnLimit
  /// It was killed for memory that others took: a parent's limit or the whole machine.
  case oomPressure
  /// Its time was up.
  case timedOut
  /// Somebody cancelled the job.
  case cancelled
  /// The runner took it back to make room; no attempt is used up.
  case evicted
  /// The handler asked to be run again later; no attempt is used up.
  case snoozed
  /// Nobody knows: the machine, the keeper or the start itself failed; no attempt is used up.
  case lost

  /// Whether an attempt that ended so counts against the job's number of attempts.
  package var usesAttempt: Bool {
    switch self {
    case .succeeded, .error, .crashed, .oomOwnLimit, .timedOut, .cancelled: true
    case .oomPressure, .evicted, .snoozed, .lost: false
    }
  }
}

/// How a process ended, as the kernel told its parent (`waitid(2)`).
package enum ExitStatus: Hashable, Sendable, Codable {
  /// It called `_exit` with this code, 0 to 255.
  case exited(code: Int32)
  /// This signal ended it.
  case signalled(signal: Int32)
}
