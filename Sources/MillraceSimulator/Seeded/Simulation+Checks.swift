import MillraceCore

/// What must hold between two decisions.
extension Simulation {
  func demand(of job: Job) -> Resources? {
    scheduler.explanation(of: job.id, at: now).map { explanation in
      Resources(
        slots: 1, memory: explanation.estimate.memory, committed: Course.limits(of: job).memory,
        cpuMillis: explanation.estimate.cpuMillis)
    }
  }

  /// The scheduler knows exactly the jobs that have not ended, each once.
  func checkCounts() throws(BrokenRule) {
    let unfinished = ledger.unfinished
    var (blocked, scheduled, queued) = (0, 0, 0)
    for id in unfinished where ledger.running[id] == nil {
      switch ledger.job(id).state {
      case .blocked: blocked += 1
      case .scheduled: scheduled += 1
      default: queued += 1
      }
    }
    try BrokenRule.unless(unfinished.allSatisfy(scheduler.knows), "the scheduler has forgotten a job")
    try BrokenRule.unless(
      scheduler.runningCount == ledger.running.count && scheduler.scheduledCount == scheduled
        && scheduler.queuedCount == queued && scheduler.blockedCount == blocked,
      "the scheduler and the record differ at \(now.rawValue)")
  }

  /// Nothing waits beyond its time, and nothing runs on beyond its job's deadline.
  func checkTimes() throws(BrokenRule) {
    for id in ledger.unfinished {
      let job = ledger.job(id)
      guard let attempt = ledger.running[id] else {
        try BrokenRule.unless(Course.expiry(of: job).map { now < $0 } ?? true, "\(id) waits beyond its time")
        continue
      }
      let isStopped =
        attempt.started == nil && attempt.place == .local || attempt.terminated != nil || attempt.isKilled
      try BrokenRule.unless(
        isStopped || Course.deadline(of: job).map { now < $0 } ?? true, "\(attempt.id) runs on")
    }
  }

  /// The first in rank waits only behind a gate that is closed.
  func checkWait(of head: Job, after events: [Event]) throws(BrokenRule) {
    let isDecided = events.contains { if case .started = $0 { false } else { true } }
    guard isDecided, let explanation = scheduler.explanation(of: head.id, at: now) else { return }
    try BrokenRule.unless(
      explanation.gates.contains { !$0.isOpen },
      "job \(head.id) waits behind no gate: \(explanation.gates.map(\.reason))")
  }

  /// A job that may run in the cluster only waits for a gate that is closed.
  func checkWaitThere(after events: [Event]) throws(BrokenRule) {
    guard scenario.policy.cluster != nil, let head = invariants.headThere(ledger, at: now) else { return }
    try checkWait(of: head, after: events)
  }
}
