extension Scheduler {
  /// Starts every job that may start now.
  mutating func admit(at now: Timestamp) -> [Action] {
    var actions: [Action] = []
    var gates = gates(at: now)
    while let id = nextJob(), let job = waiting[id], gates.areOpen(for: job) {
      let attempt = start(job, at: now)
      actions.append(
        .start(
          attempt, handler: job.handler, terms: job.terms, priority: job.priority, queued: job.waitingSince,
          Admission(
            estimate: job.estimate, memoryUsed: gates.memoryUsed, memoryCapacity: policy.memory,
            running: gates.running, queued: queuedCount)))
      gates.running += 1
      gates.memoryUsed = gates.memoryUsed + job.estimate
      gates.cpuMillisUsed += job.terms.limits.cpuMillis
    }
    return actions
  }

  /// Returns what the running attempts leave.
  package func capacity(at now: Timestamp) -> (memoryUsed: Bytes, cpuMillisUsed: Int64) {
    let gates = gates(at: now)
    return (gates.memoryUsed, gates.cpuMillisUsed)
  }

  /// Returns the verdict of every gate for a waiting job; empty if it does not wait.
  package func verdicts(for id: JobID, at now: Timestamp) -> [GateVerdict] {
    guard let job = waiting[id] else { return [] }
    return [handlerVerdict(job), timeVerdict(job, at: now), concurrencyVerdict(job)]
      + gates(at: now).verdicts(for: job)
  }

  private func gates(at now: Timestamp) -> Gates {
    var memory = Bytes.zero
    var cpu: Int64 = 0
    for attempt in running.values {
      memory = memory + attempt.footprint.memory(at: now, policy: policy)
      cpu += attempt.footprint.cpuMillis(at: now, policy: policy)
    }
    return Gates(
      isDraining: isDraining, policy: policy, running: running.count, memoryUsed: memory, cpuMillisUsed: cpu)
  }

  /// The job with the lowest rank of all whose handler may run one more.
  private func nextJob() -> JobID? {
    queues.compactMap { handler, queue in mayRunOneMore(handler) ? queue.first : nil }.min()?.job
  }

  private func mayRunOneMore(_ handler: String) -> Bool {
    guard let bound = handlers[handler] else { return false }
    return (runningOf[handler] ?? 0) < bound ?? Int.max
  }

  private mutating func start(_ job: WaitingJob, at now: Timestamp) -> AttemptID {
    var job = job
    waiting[job.id] = nil
    queues[job.handler]?.remove(job.id)
    job.attempts += 1
    let id = AttemptID(job: job.id, number: job.attempts)
    place(RunningAttempt(id: id, job: job, admitted: now))
    return id
  }

  private func handlerVerdict(_ job: WaitingJob) -> GateVerdict {
    let isKnown = handlers[job.handler] != nil
    return GateVerdict(
      gate: .handler, isOpen: isKnown,
      reason: isKnown ? "`\(job.handler)` is loaded" : "no plugin in use has a handler `\(job.handler)`")
  }

  private func timeVerdict(_ job: WaitingJob, at now: Timestamp) -> GateVerdict {
    guard let time = job.notBefore, time > now else {
      return GateVerdict(gate: .notBefore, isOpen: true, reason: "its time has come")
    }
    return GateVerdict(gate: .notBefore, isOpen: false, reason: "not before another \((time - now).text)")
  }

  private func concurrencyVerdict(_ job: WaitingJob) -> GateVerdict {
    let running = runningOf[job.handler] ?? 0
    guard let bound = handlers[job.handler] ?? nil else {
      return GateVerdict(
        gate: .concurrency, isOpen: true, reason: "\(running) of its handler run, there is no bound")
    }
    return GateVerdict(
      gate: .concurrency, isOpen: running < bound, reason: "\(running) of its handler run, \(bound) may")
  }
}
