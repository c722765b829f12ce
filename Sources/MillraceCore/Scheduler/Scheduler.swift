/// Decides what happens next: events in, actions out. It knows no clock, no file and no process.
///
/// Jobs wait in one queue per handler, each in the order of rank; a handler that may not run more (or is
/// unknown) holds back its own jobs only. Between the handlers the lowest rank is next, and while that job
/// does not fit, nothing starts: so a big job is not starved by small ones.
package struct Scheduler: Sendable {
  /// What it goes by.
  package let policy: Policy

  var waiting: [JobID: WaitingJob] = [:]
  var queues: [String: RankedQueue] = [:]
  var scheduled = RankedQueue()
  var running: [AttemptID: RunningAttempt] = [:]
  var attemptOf: [JobID: AttemptID] = [:]
  var handlers: [String: Int?] = [:]
  var runningOf: [String: Int] = [:]
  package internal(set) var isDraining = false

  /// Makes a scheduler with nothing to do.
  package init(policy: Policy) { self.policy = policy }

  /// How many jobs wait for a gate.
  package var queuedCount: Int { waiting.count - scheduled.count }
  /// How many jobs wait for a time.
  package var scheduledCount: Int { scheduled.count }
  /// How many attempts have not ended.
  package var runningCount: Int { running.count }
  /// Whether nothing runs and nothing will be started.
  package var isDrained: Bool { isDraining && running.isEmpty }

  /// Returns whether a job waits or runs.
  package func knows(_ job: JobID) -> Bool { waiting[job] != nil || attemptOf[job] != nil }

  /// Returns the attempt at a job that has not ended; nil if there is none.
  package func attempt(of job: JobID) -> AttemptID? { attemptOf[job] }

  /// When time alone will change something; nil if it will not.
  package var nextTime: Timestamp? {
    let attempts = running.values.compactMap(\.nextTime).min()
    let job = scheduled.first.map { Timestamp(rawValue: $0.rank) }
    guard let attempts, let job else { return attempts ?? job }
    return min(attempts, job)
  }

  /// Takes an event in and returns what is to be done, in order.
  package mutating func handle(_ event: Event, at now: Timestamp) -> [Action] {
    apply(event, at: now) + admit(at: now)
  }

  private mutating func apply(_ event: Event, at now: Timestamp) -> [Action] {
    switch event {
    case .submitted(let jobs):
      for job in jobs { enqueue(job) }
      return []
    case .adopted(let job, let number, let started):
      return adopt(job, number: number, started: started)
    case .handlers(let bounds):
      handlers = bounds
      return []
    case .started(let id):
      return advance(id, by: .started, at: now)
    case .refused(let id, let reason):
      return lose(id, because: reason, at: now)
    case .ended(let id, let report):
      return finish(id, report, at: now)
    case .sampled(let samples):
      return take(samples, at: now)
    case .cancel(let job):
      return cancel(job, at: now)
    case .drain:
      isDraining = true
      return []
    case .timer:
      return timePassed(at: now)
    }
  }

  /// Lets a job wait. One that is larger than the runner's whole memory (it was accepted when there was more)
  /// stays out of the queue, so that it holds nobody back; it can be cancelled, and a later runner may have
  /// the room.
  mutating func enqueue(_ job: WaitingJob) {
    precondition(waiting[job.id] == nil && attemptOf[job.id] == nil, "job \(job.id) is known already")
    waiting[job.id] = job
    if let time = job.notBefore {
      scheduled.push(job.id, rank: time.rawValue)
    } else if job.estimate <= policy.memory {
      queues[job.handler, default: RankedQueue()].push(job.id, rank: job.rank(aging: policy.aging))
    }
  }

  private mutating func adopt(_ job: WaitingJob, number: Int, started: Timestamp) -> [Action] {
    let id = AttemptID(job: job.id, number: number)
    var attempt = RunningAttempt(id: id, job: job, admitted: started)
    _ = attempt.handle(.started, at: started)  // It is on record as running.
    place(attempt)
    return []
  }

  mutating func place(_ attempt: RunningAttempt) {
    running[attempt.id] = attempt
    attemptOf[attempt.id.job] = attempt.id
    runningOf[attempt.job.handler, default: 0] += 1
  }

  mutating func advance(_ id: AttemptID, by event: RunningAttempt.Event, at now: Timestamp) -> [Action] {
    guard var attempt = running[id] else { return [] }  // Its end came first.
    let effects = attempt.handle(event, at: now)
    running[id] = attempt
    return effects.map { effect in
      switch effect {
      case .markRunning: .markRunning(id)
      case .terminate: .terminate(id)
      case .kill: .kill(id)
      }
    }
  }

  private mutating func take(_ samples: [AttemptID: UsageSample], at now: Timestamp) -> [Action] {
    var actions: [Action] = []
    for id in samples.keys.sorted() {
      guard var attempt = running[id], let sample = samples[id] else { continue }
      attempt.footprint.take(sample, at: now, policy: policy)
      running[id] = attempt
      if attempt.footprint.isStuck(at: now, policy: policy) {
        actions += advance(id, by: .stopRequested(.thrashing), at: now)
      }
    }
    return actions
  }

  private mutating func cancel(_ job: JobID, at now: Timestamp) -> [Action] {
    if let attempt = attemptOf[job] { return advance(attempt, by: .stopRequested(.cancelled), at: now) }
    guard let entry = waiting.removeValue(forKey: job) else { return [] }  // It has ended.
    scheduled.remove(job)
    queues[entry.handler]?.remove(job)
    return [.cancelled(job)]
  }

  private mutating func timePassed(at now: Timestamp) -> [Action] {
    var actions: [Action] = []
    while let next = scheduled.first, next.rank <= now.rawValue, var job = waiting[next.job] {
      scheduled.remove(job.id)
      waiting[job.id] = nil
      job.notBefore = nil
      enqueue(job)
      actions.append(.due(job.id))
    }
    let due = running.values.filter { $0.nextTime.map { $0 <= now } ?? false }.map(\.id).sorted()
    for id in due { actions += advance(id, by: .timer, at: now) }
    return actions
  }
}
