import MillraceCore

extension Engine {
  /// Returns when it has happened, when the time is up, or when the caller is cancelled.
  func wait(for awaited: Awaited, until deadline: Timestamp) async {
    let number = nextWaiter
    nextWaiter += 1
    let alarm = Task { [clock = ports.clock] in
      try? await clock.sleep(until: deadline)  // Cancelled: the wait is over anyway.
      self.resumeWaiter(number, of: awaited)
    }
    defer { alarm.cancel() }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard !hasHappened(awaited) else { return continuation.resume() }
        waiters[awaited, default: [:]][number] = continuation
      }
    } onCancel: {
      Task { await self.resumeWaiter(number, of: awaited) }
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

  func resumeWaiters(of awaited: Awaited) {
    for waiter in (waiters.removeValue(forKey: awaited) ?? [:]).values { waiter.resume() }
  }

  private func resumeWaiter(_ number: Int, of awaited: Awaited) {
    for awaited in awaited == .commit ? [.commit, .commitUnderWay] : [awaited] {
      waiters[awaited]?.removeValue(forKey: number)?.resume()
      if waiters[awaited]?.isEmpty == true { waiters[awaited] = nil }
    }
  }
}
