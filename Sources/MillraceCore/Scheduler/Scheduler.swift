/// Decides what happens next: events in, actions out. It knows no clock, no file and no process.
///
/// Jobs wait in lanes, one per handler (and share), each in the order of rank; a handler that may not run
/// more (or is unknown) holds back its own lane only. Of all lanes the lowest rank is next. While that job
/// does not fit, a place in time is reserved for it, and only jobs that do not delay it may start
/// (backfill): so a big job is not starved by small ones.
package struct Scheduler: Sendable {
  /// What it goes by.
  package let policy: Policy

  var waiting: [JobID: WaitingJob] = [:]
  var lanes: [Lane] = []
  var laneOf: [LaneKey: Int] = [:]
  /// Jobs in the lanes.
  var queuedInLanes = 0
  /// Queued jobs that are in no lane, by handler: they would not fit even if nothing else ran.
  var parked: [String: Set<JobID>] = [:]
  var scheduled = OrderedQueue()
  var running: [AttemptID: RunningAttempt] = [:]
  var attemptOf: [JobID: AttemptID] = [:]
  var handlers: HandlerSituation
  var estimates: Estimates
  /// Whether the ends of attempts are evidence; not so in a forecast, where they are guessed.
  var isLearning = true
  var shares: FairShare?
  var pressure = PressureMonitor()
  /// When something was last done about critical pressure.
  var lastRelief: Timestamp?
  var lastStart: Timestamp?
  /// When it was last asked what may start.
  var lastPass: Timestamp?
  /// What held the first job in rank back when it was last looked at.
  var held: [JobID: GateVerdict] = [:]
  package internal(set) var isDraining = false

  /// Makes a scheduler with nothing to do.
  ///
  /// - Precondition: the groups of the policy are there and none is within itself.
  package init(policy: Policy) {
    self.policy = policy
    handlers = HandlerSituation(groups: policy.groups, of: policy.groupOf)
    estimates = Estimates(rule: policy.learning)
    shares = policy.fairShare.map(FairShare.init)
  }

  /// How many jobs wait for a gate.
  package var queuedCount: Int { waiting.count - scheduled.count }
  /// How many jobs wait for a time.
  package var scheduledCount: Int { scheduled.count }
  /// How many attempts have not ended.
  package var runningCount: Int { running.count }
  /// Whether nothing runs and nothing will be started.
  package var isDrained: Bool { isDraining && running.isEmpty }
  /// Whether it can only go on when it is told how the machine is: something runs, or jobs wait for pressure
  /// to go.
  package var needsSamples: Bool { !running.isEmpty || (queuedInLanes > 0 && pressure.level > .none) }

  /// Returns whether a job waits or runs.
  package func knows(_ job: JobID) -> Bool { waiting[job] != nil || attemptOf[job] != nil }

  /// Returns the attempt at a job that has not ended; nil if there is none.
  package func attempt(of job: JobID) -> AttemptID? { attemptOf[job] }

  /// When time alone will change something; nil if it will not.
  package var nextTime: Timestamp? {
    var times = running.values.compactMap(\.nextTime)
    if let job = scheduled.first { times.append(Timestamp(rawValue: job.rank)) }
    if queuedInLanes > 0, let lastPass {
      let situation = situation(used: Resources(), at: lastPass)
      let rates = lanes.lazy.filter { !$0.queue.isEmpty }.compactMap { handlers.nextByRate($0.key.handler) }
      times += ([situation.nextStart].compactMap(\.self) + rates).filter { $0 > lastPass }
    }
    return times.min()
  }

  /// Takes an event in and returns what is to be done, in order.
  package mutating func handle(_ event: Event, at now: Timestamp) -> [Action] {
    handle([event], at: now)
  }

  /// Takes in what has happened, in order, and returns what is to be done: one decision for all of it.
  package mutating func handle(_ events: [Event], at now: Timestamp) -> [Action] {
    var actions: [Action] = []
    var mayAdmit = false
    for event in events {
      actions += apply(event, at: now)
      // That a process exists makes no room.
      if case .started = event { continue }
      mayAdmit = true
    }
    return mayAdmit ? actions + admit(at: now) : actions
  }

  private mutating func apply(_ event: Event, at now: Timestamp) -> [Action] {
    switch event {
    case .submitted(let jobs):
      for job in jobs { enqueue(job) }
      return []
    case .adopted(let adoption):
      return adopt(adoption)
    case .learned(let evidence):
      for one in evidence {
        estimates.note(one)
        handlers.recall(one.handler, startedAt: one.started)
      }
      for handler in Set(evidence.map(\.handler)).sorted() { unpark(handler) }
      return []
    case .handlers(let rules):
      handlers.rules = rules
      return []
    case .started(let id):
      return advance(id, by: .started, at: now)
    case .refused(let id, let reason):
      return lose(id, because: reason, at: now)
    case .ended(let id, let report):
      return finish(id, report, at: now)
    case .sampled(let samples, let machine):
      return take(samples, at: now) + relieve(machine, at: now)
    case .cancel(let job):
      return cancel(job, at: now)
    case .reprioritise(let job, let priority):
      return reprioritise(job, to: priority)
    case .drain:
      isDraining = true
      return thawAll(at: now)  // Nothing new comes that would need their memory.
    case .timer:
      return timePassed(at: now)
    }
  }

  private mutating func adopt(_ adoption: Adoption) -> [Action] {
    var job = adoption.job
    _ = appraise(&job)
    var attempt = RunningAttempt(
      id: AttemptID(job: job.id, number: adoption.number), job: job, build: adoption.build,
      groups: handlers.chain(of: job.handler), admitted: adoption.started,
      estimate: estimates.estimate(for: job), frozenTime: adoption.frozenTime)
    _ = attempt.handle(.started, at: adoption.started)  // It is on record as running.
    place(attempt)
    handlers.go(on: job.handler, groups: attempt.groups)
    handlers.recall(job.handler, startedAt: adoption.started)
    return []
  }

  mutating func place(_ attempt: RunningAttempt) {
    running[attempt.id] = attempt
    attemptOf[attempt.id.job] = attempt.id
  }

  mutating func advance(_ id: AttemptID, by event: RunningAttempt.Event, at now: Timestamp) -> [Action] {
    guard var attempt = running[id] else { return [] }  // Its end came first.
    let effects = attempt.handle(event, at: now)
    running[id] = attempt
    return effects.map { effect in
      switch effect {
      case .markRunning: .markRunning(id)
      case .freeze: .freeze(id)
      case .thaw: .thaw(id)
      case .terminate: .terminate(id)
      case .kill: .kill(id)
      }
    }
  }

  private mutating func take(_ samples: [AttemptID: UsageSample], at now: Timestamp) -> [Action] {
    var actions: [Action] = []
    for (id, sample) in samples {
      running[id]?.footprint.take(sample, at: now, policy: policy)
    }
    for id in running.keys.sorted() where running[id]?.footprint.isStuck(at: now, policy: policy) ?? false {
      actions += advance(id, by: .stopRequested(.thrashing), at: now)
    }
    return actions
  }

  private mutating func cancel(_ job: JobID, at now: Timestamp) -> [Action] {
    if let attempt = attemptOf[job] { return advance(attempt, by: .stopRequested(.cancelled), at: now) }
    return takeOut(job) == nil ? [] : [.cancelled(job)]  // Nil: it has ended.
  }

  private mutating func reprioritise(_ job: JobID, to priority: Priority) -> [Action] {
    if let id = attemptOf[job], var attempt = running[id] {
      attempt.job.priority = priority
      _ = appraise(&attempt.job)
      running[id] = attempt
    } else {
      guard var entry = takeOut(job) else { return [] }  // It has ended.
      entry.priority = priority
      enqueue(entry)
    }
    return [.reprioritised(job, priority)]
  }

  private mutating func timePassed(at now: Timestamp) -> [Action] {
    var actions: [Action] = []
    while let next = scheduled.first, next.rank <= now.rawValue, var job = takeOut(next.job) {
      job.notBefore = nil
      enqueue(job)
      actions.append(.due(job.id))
    }
    let due = running.values.filter { $0.nextTime.map { $0 <= now } ?? false }.map(\.id).sorted()
    for id in due { actions += advance(id, by: .timer, at: now) }
    return actions
  }
}
