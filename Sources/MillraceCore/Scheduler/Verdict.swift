/// Tells how an attempt ended from what is known of its end.
enum Verdict {
  /// Tells the outcome from what is known.
  ///
  /// - Parameters:
  ///   - report: what the kernel and the handler said.
  ///   - stop: why it was being stopped; nil if it was not.
  ///   - job: its limits and times, for the words.
  /// - Returns: the outcome, and why it failed if it did.
  static func of(
    _ report: AttemptReport, stop: StopReason?, job: WaitingJob
  ) -> (outcome: Outcome, failure: Failure?) {
    if isDone(report) { return (.succeeded, nil) }
    switch stop {
    case .cancelled:
      return (.cancelled, Failure(code: "cancelled", message: "it was cancelled", isRetryable: false))
    case .timedOut:
      let words = "it ran into its time limit of \(job.timeout.text)"
      return (.timedOut, Failure(code: "timed_out", message: words, isRetryable: true))
    case .deadline:
      let words = "its job has not ended within \((job.terms.finishWithin ?? .zero).text) of its submission"
      return (.timedOut, Failure(code: StopReason.deadline.rawValue, message: words, isRetryable: false))
    case .thrashing:
      let words = "it filled its memory limit of \(job.limits.memory) and got nowhere"
      return (.oomOwnLimit, Failure(code: "out_of_memory", message: words, isRetryable: true))
    case .evicted:
      let words = "it was evicted: memory stayed critically short"
      return (.evicted, Failure(code: "evicted", message: words, isRetryable: true))
    case nil:
      return ofItsOwn(report, job)
    }
  }

  /// Whether it said that it is done, and nothing speaks against it. How it exited is not known if the keeper
  /// died before it and the kernel tells only the parent.
  private static func isDone(_ report: AttemptReport) -> Bool {
    guard case .done = report.word else { return false }
    return report.exit == .exited(code: 0) || report.exit == nil && report.usage.oomKills ?? 0 == 0
  }

  private static func ofItsOwn(_ report: AttemptReport, _ job: WaitingJob) -> (Outcome, Failure?) {
    if (report.usage.oomKills ?? 0) > 0 {
      let kill = report.memoryKill ?? .ownLimit
      let words = kill.text(job.limits)
      switch kill {
      case .ownLimit:
        return (.oomOwnLimit, Failure(code: "out_of_memory", message: words, isRetryable: true))
      case .group, .machine:
        return (.oomPressure, Failure(code: "memory_pressure", message: words, isRetryable: true))
      }
    }
    switch (report.exit, report.word) {
    case (.signalled(let signal), _):
      let words = "\(SignalName.text(of: signal)) ended it"
      return (.crashed, Failure(code: "signal_\(signal)", message: words, isRetryable: true))
    case (.exited, .failed(let failure)), (nil, .failed(let failure)):
      return (.error, failure)
    case (.exited(code: 0), .snoozed(let delay, let reason)), (nil, .snoozed(let delay, let reason)):
      let words = "it asked to be run again in \(delay.text)" + (reason.map { ": \($0)" } ?? "")
      return (.snoozed, Failure(code: "snoozed", message: words, isRetryable: true))
    case (.exited(let code), .done), (.exited(let code), .snoozed), (.exited(let code), nil):
      let words = "it exited with code \(code) and did not say how it went"
      return (.error, Failure(code: "no_word", message: words, isRetryable: true))
    case (nil, .done), (nil, nil):
      let words = "the keeper died and nobody knows how it ended"
      return (.lost, Failure(code: "lost", message: words, isRetryable: true))
    }
  }
}
