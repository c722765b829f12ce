/// Tells how an attempt ended from what is known of its end.
enum Verdict {
  /// Tells the outcome from what is known.
  ///
  /// - Parameters:
  ///   - report: what the kernel and the handler said.
  ///   - stop: why it was being stopped; nil if it was not.
  ///   - terms: its limits and times, for the words.
  /// - Returns: the outcome, and why it failed if it did.
  static func of(
    _ report: AttemptReport, stop: StopReason?, terms: Terms
  ) -> (outcome: Outcome, failure: Failure?) {
    if case .done = report.word, report.exit == .exited(code: 0) { return (.succeeded, nil) }
    switch stop {
    case .cancelled:
      return (.cancelled, Failure(code: "cancelled", message: "it was cancelled", isRetryable: false))
    case .timedOut:
      let words = "it ran into its time limit of \(terms.timeout.text)"
      return (.timedOut, Failure(code: "timed_out", message: words, isRetryable: true))
    case .thrashing:
      let words = "it filled its memory limit of \(terms.limits.memory) and got nowhere"
      return (.oomOwnLimit, Failure(code: "out_of_memory", message: words, isRetryable: false))
    case .evicted:
      let words = "it was evicted: memory stayed critically short"
      return (.evicted, Failure(code: "evicted", message: words, isRetryable: true))
    case nil:
      return ofItsOwn(report, terms: terms)
    }
  }

  private static func ofItsOwn(_ report: AttemptReport, terms: Terms) -> (Outcome, Failure?) {
    if (report.usage.oomKills ?? 0) > 0 {
      if report.killedByOthersMemory {
        let words = "the kernel killed it for memory that others took"
        return (.oomPressure, Failure(code: "memory_pressure", message: words, isRetryable: true))
      }
      let words = "it passed its memory limit of \(terms.limits.memory)"
      return (.oomOwnLimit, Failure(code: "out_of_memory", message: words, isRetryable: false))
    }
    switch (report.exit, report.word) {
    case (.signalled(let signal), _):
      let words = "signal \(signal) ended it"
      return (.crashed, Failure(code: "signal_\(signal)", message: words, isRetryable: true))
    case (.exited, .failed(let failure)):
      return (.error, failure)
    case (.exited(let code), .done), (.exited(let code), nil):
      let words = "it exited with code \(code) and did not say how it went"
      return (.error, Failure(code: "no_word", message: words, isRetryable: true))
    case (nil, _):
      return (.lost, Failure(code: "lost", message: "nobody knows how it ended", isRetryable: true))
    }
  }
}
