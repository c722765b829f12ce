import MillraceCore

extension Engine {
  /// Returns when it has happened, when the time is up, or when the caller is cancelled.
  func wait(for awaited: Awaited, until deadline: Timestamp) async {
    let number = waiters.nextNumber()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard !hasHappened(awaited) else { return continuation.resume() }
        waiters.add(continuation, as: number, for: awaited, until: deadline)
        waitAlarm.set(to: waiters.nextDeadline)
      }
    } onCancel: {
      Task { await self.resumeWaiter(number) }
    }
  }

  /// Whether there is nothing to wait for: a job that neither waits nor runs has its end on record, or in
  /// the commit that is under way. Before the record was read, no job is known.
  private func hasHappened(_ awaited: Awaited) -> Bool {
    if hasStopped { return true }
    return switch awaited {
    case .end(let job): isRestored && !scheduler.knows(job) && !backlog.ended.contains(job)
    case .commit, .commitUnderWay: false
    case .standstill(let station):
      if case .stopping = scheduler.activity(of: station) { false } else { true }
    case .drained: scheduler.isDrained && backlog.isEmpty
    }
  }

  /// Resumes those whose time is up.
  func resumeLateWaiters() {
    waiters.resumeLate(at: ports.clock.now())
    waitAlarm.set(to: waiters.nextDeadline)
  }

  private func resumeWaiter(_ number: Int) { waiters.resume(number) }
}
