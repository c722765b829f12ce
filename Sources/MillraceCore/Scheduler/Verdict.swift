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
    if case .done = report.word, report.exit == .exited(code: 0) { return (.succeeded, nil) }
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

  private static func ofItsOwn(_ report: AttemptReport, _ job: WaitingJob) -> (Outcome, Failure?) {
    if (report.usage.oomKills ?? 0) > 0 {
      if report.killedByOthersMemory {
        let words = "the kernel killed it for memory that others took"
        return (.oomPressure, Failure(code: "memory_pressure", message: words, isRetryable: true))
      }
      let words = "it passed its memory limit of \(job.limits.memory)"
      return (.oomOwnLimit, Failure(code: "out_of_memory", message: words, isRetryable: true))
    }
    switch (report.exit, report.word) {
    case (.signalled(let signal), _):
      let words = "signal \(signal) ended it"
      return (.crashed, Failure(code: "signal_\(signal)", message: words, isRetryable: true))
    case (.exited, .failed(let failure)):
      return (.error, failure)
    case (.exited(code: 0), .snoozed(let delay, let reason)):
      let words = "it asked to be run again in \(delay.text)" + (reason.map { ": \($0)" } ?? "")
      return (.snoozed, Failure(code: "snoozed", message: words, isRetryable: true))
    case (.exited(let code), .done), (.exited(let code), .snoozed), (.exited(let code), nil):
      let words = "it exited with code \(code) and did not say how it went"
      return (.error, Failure(code: "no_word", message: words, isRetryable: true))
    case (nil, _):
      return (.lost, Failure(code: "lost", message: "nobody knows how it ended", isRetryable: true))
    }
  }
}
