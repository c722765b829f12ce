/// Tells how an attempt ended from what is known of its end.
enum Verdict {
  /// The code of the failure of an attempt that its node could not run.
  static let nodeFault = "node_fault"

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
    if let failure = report.failureOfNode { return (.lost, failure) }
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
      return ofCluster(report, job) ?? ofItsOwn(report, job)
    }
  }

  /// What a cluster has done to it; nil for what is told elsewhere.
  private static func ofCluster(_ report: AttemptReport, _ job: WaitingJob) -> (Outcome, Failure?)? {
    switch report.interruption {
    case .timeLimit:
      let words = "it ran into its time limit of \(job.timeout.text) in the cluster"
      return (.timedOut, Failure(code: "timed_out", message: words, isRetryable: true))
    case .deadline:
      let words = "the cluster ended it: it could not have met its deadline there"
      return (.timedOut, Failure(code: StopReason.deadline.rawValue, message: words, isRetryable: false))
    case .outOfMemory: return ofMemory(report.memoryKill ?? .ownLimit, job)
    case .preempted:
      let words = "the cluster gave its place to another job (preempted)"
      return (.evicted, Failure(code: "preempted", message: words, isRetryable: true))
    case .cancelled:
      let words = "it was cancelled in the cluster"
      return (.cancelled, Failure(code: "cancelled", message: words, isRetryable: false))
    case .nodeLost, .nodeFault, nil: return nil
    }
  }

  /// What the kernel has killed for want of memory.
  private static func ofMemory(_ kill: MemoryKill, _ job: WaitingJob) -> (Outcome, Failure?) {
    let words = kill.text(job.limits)
    switch kill {
    case .ownLimit:
      return (.oomOwnLimit, Failure(code: "out_of_memory", message: words, isRetryable: true))
    case .request(let asked) where asked >= job.limits.memory: return ofMemory(.ownLimit, job)
    case .request, .group, .machine:
      return (.oomPressure, Failure(code: "memory_pressure", message: words, isRetryable: true))
    }
  }

  /// Whether it said that it is done, and nothing speaks against it. How it exited is not known if the keeper
  /// died before it and the kernel tells only the parent.
  private static func isDone(_ report: AttemptReport) -> Bool {
    guard case .done = report.word else { return false }
    return report.exit == .exited(code: 0) || report.exit == nil && report.usage.oomKills ?? 0 == 0
  }

  private static func ofItsOwn(_ report: AttemptReport, _ job: WaitingJob) -> (Outcome, Failure?) {
    if (report.usage.oomKills ?? 0) > 0 { return ofMemory(report.memoryKill ?? .ownLimit, job) }
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

extension AttemptReport {
  /// What its node did to it; nil if nothing.
  fileprivate var failureOfNode: Failure? {
    let node = whereabouts?.node.map { "node \($0)" } ?? "its node"
    return switch interruption {
    case .nodeLost:
      Failure(code: "node_lost", message: "\(node) was lost with what ran there", isRetryable: true)
    case .nodeFault(let reason):
      Failure(code: Verdict.nodeFault, message: "\(node) could not run it: \(reason)", isRetryable: true)
    case .timeLimit, .outOfMemory, .preempted, .cancelled, .deadline, nil: nil
    }
  }

  /// How an attempt ended of whose job nothing is known any more.
  package var plainOutcome: Outcome {
    switch (exit, word) {
    case (.exited(code: 0), .done): .succeeded
    case (.signalled, _): .crashed
    case (.exited(code: 0), .snoozed): .snoozed
    case (.exited, _): .error
    case (nil, _): .lost
    }
  }
}
