/// Decides what happens next: events in, actions out. It knows no clock, no file and no process.
///
/// Jobs wait in lanes, one per handler (and share), each in the order of rank; a handler that may not run
/// more (or is unknown) holds back its own lane only. Of all lanes the lowest rank is next. While that job
/// does not fit, a place in time is reserved for it, and only jobs that do not delay it may start
/// (backfill): so a big job is not starved by small ones.
package struct Scheduler: Sendable {
  /// What it goes by.
  package internal(set) var policy: Policy

  var waiting: [JobID: WaitingJob] = [:]
  var lanes: [Lane] = []
  var laneOf: [LaneKey: Int] = [:]
  /// Jobs in the lanes.
  var queuedInLanes = 0
  /// Queued jobs that are in no lane, by handler: they would not fit even if nothing else ran.
  var parked: [String: Set<JobID>] = [:]
  var scheduled = JobQueue()
  /// Jobs that would be queued and are held.
  var onHold: Set<JobID> = []
  /// The waiting jobs of groups that keep the order of submission.
  var lines = GroupLines()
  /// What is paused or stopping.
  var activities: [Station: Activity] = [:]
  /// Who has paused the runner; nil if nobody has.
  var pause: Pause?
  /// Waiting jobs that fail at a time, in its order.
  var expiries = JobQueue()
  /// The last job of each handler, whose terms the next one may share.
  var exemplars: [String: WaitingJob] = [:]
  var dependencies = DependencyBook()
  var running = RunningAttempts()
  var attemptOf: [JobID: AttemptID] = [:]
  var handlers: HandlerSituation
  var estimates: Estimates
  /// Whether the ends of attempts are evidence; not so in a forecast, where they are guessed.
  var isLearning = true
  var shares: FairShare?
  var pressure = PressureMonitor()
  /// What the jitter of retries is drawn from.
  var lot: SeededGenerator
  /// When something was last done about critical pressure.
  var lastRelief: Timestamp?
  /// Whether warm hosts were asked to go since the machine was last looked at.
  var hasReclaimed = false
  var lastStart: Timestamp?
  /// How the cluster is; nil while nobody has told.
  package internal(set) var cluster: ClusterStanding?
  /// The nodes that run jobs as far as the cluster tells; some may be left out.
  var usableNodes: Set<String> = []
  var nodes = NodeBook()
  /// When it was last asked what may start.
  var lastPass: Timestamp?
  /// What held the first job in rank back when it was last looked at.
  var held: [JobID: GateVerdict] = [:]
  /// In how many passes each gate held back who came first: the first job in rank of all, if its handler or
  /// its groups were closed, and the first of those with nothing closed. So a pass counts twice at most.
  package internal(set) var closures: [GateVerdict.Gate: Int] = [:]
  package internal(set) var isDraining = false

  /// Makes a scheduler with nothing to do.
  ///
  /// - Precondition: the groups of the policy are there and none is within itself.
  package init(policy: Policy) {
    self.policy = policy
    handlers = HandlerSituation(groups: policy.groups, of: policy.groupOf)
    estimates = Estimates(rule: policy.learning)
    shares = policy.fairShare.map(FairShare.init)
    lot = SeededGenerator(seed: policy.seed)
  }

  /// How many jobs wait for a gate.
  package var queuedCount: Int { waiting.count - scheduled.count }
  /// How many jobs wait for a time.
  package var scheduledCount: Int { scheduled.count }
  /// The attempts that have not ended, by number.
  package var runningAttempts: [AttemptID] { running.ids }
  /// Returns the handler of an attempt that has not ended; nil for every other one.
  package func handler(of attempt: AttemptID) -> String? { running[attempt]?.job.handler }
  /// The groups that an attempt counts in, innermost first; none for one that has ended.
  package func groups(of attempt: AttemptID) -> [String] { running[attempt]?.groups ?? [] }
  /// Where an attempt runs that has not ended; nil for every other one.
  package func place(of attempt: AttemptID) -> Place? { running[attempt]?.place }
  /// How many attempts have not ended.
  package var runningCount: Int { running.count }
  /// Whether nothing runs and nothing will be started.
  package var isDrained: Bool { isDraining && running.isEmpty }
  /// Whether it can only go on when it is told how the machine is: something runs, or jobs wait for pressure
  /// or warm hosts to go.
  package var needsSamples: Bool {
    !running.here.isEmpty
      || (queuedInLanes > 0 && (pressure.level > .none || hostMemory > .zero))
  }

  /// Returns whether a job waits or runs.
  package func knows(_ job: JobID) -> Bool {
    waiting[job] != nil || attemptOf[job] != nil || dependencies.contains(job)
  }

  /// Returns the attempt at a job that has not ended; nil if there is none.
  package func attempt(of job: JobID) -> AttemptID? { attemptOf[job] }

  /// When time alone will change something; nil if it will not.
  package var nextTime: Timestamp? {
    var times = [running.nextTime].compactMap(\.self)
    times += [scheduled.first, expiries.first].compactMap { $0.map { Timestamp(rawValue: $0.rank) } }
    if queuedInLanes > 0, let lastPass {
      let situation = situation(used: Resources(), at: lastPass)
      var openings = [situation.nextStart].compactMap(\.self)
      if handlers.hasTimes {
        openings += lanes.lazy.filter { !$0.isEmpty }.flatMap { lane in
          [handlers.nextByRate(lane.member), handlers.nextByBreaker(lane.key.handler)].compactMap(\.self)
        }
      }
      openings += [clusterOpening(at: lastPass)].compactMap(\.self)
      times += openings.filter { $0 > lastPass }
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
    for event in Event.knownFirst(events) {
      actions += withConsequences(apply(event, at: now), at: now)
      actions += endDrains()
      // That a process exists makes no room.
      if case .started = event { continue }
      mayAdmit = true
    }
    return mayAdmit ? actions + withConsequences(expire(at: now), at: now) + admit(at: now) : actions
  }

  private mutating func apply(_ event: Event, at now: Timestamp) -> [Action] {
    switch event {
    case .submitted(let jobs):
      for job in jobs { enqueue(job) }
      return []
    case .withdrawn(let jobs):
      return jobs.flatMap { withdraw($0) }
    case .blocked(let jobs):
      block(jobs)
      return []
    case .gone(let job, let state):
      return consequences(of: [(job, state)], at: now)
    case .adopted(let adoption):
      return adopt(adoption)
    case .learned(let evidence):
      for one in evidence {
        estimates.note(one)
        handlers.recall(handlers.membership(of: one.handler), startedAt: one.started)
      }
      for handler in Set(evidence.map(\.handler)).sorted() { unpark(handler) }
      return []
    case .handlers(let rules):
      handlers.rules = rules
      return renewBreakers()
    case .started(let id):
      return advance(id, by: .started, at: now)
    case .refused(let id, let reason):
      return lose(id, because: reason, at: now)
    case .ended(let id, let report):
      return finish(id, report, at: now)
    case .cluster(let standing):
      return take(standing)
    case .sampled(let samples, let machine):
      hasReclaimed = false
      return take(samples, at: now) + relieve(machine, at: now)
    case .cancel(let job):
      return cancel(job, at: now)
    case .reprioritise(let job, let priority):
      return reprioritise(job, to: priority)
    case .hold(let job, let isHeld):
      return hold(job, isHeld, at: now)
    case .operate(let station, let request):
      return operate(station, request)
    case .policy(let new):
      adopt(new)
      return []
    case .revive(let renewals):
      return revive(renewals)
    case .breakers(let standings):
      restore(standings)
      return []
    case .resetBreaker(let handler):
      return resetBreaker(of: handler, at: now)
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
      id: AttemptID(job: job.id, number: adoption.number), job: job, place: adoption.place,
      build: adoption.build,
      groups: membership(of: job).groups, admitted: adoption.started,
      estimate: estimates.estimate(for: job), frozenTime: adoption.frozenTime)
    // Else it is on record as running.
    if !adoption.isStarting { _ = attempt.handle(.started, at: adoption.started) }
    place(attempt)
    handlers.go(on: attempt.member)
    handlers.adopt(job.handler, build: attempt.build, startedAt: adoption.started)
    handlers.recall(attempt.member, startedAt: adoption.started)
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
      running.take(sample, of: id, at: now, policy: policy)
    }
    let stuck = running.here.values.filter { $0.footprint.isStuck(at: now, policy: policy) }.map(\.id)
    for id in stuck.sorted() {
      actions += advance(id, by: .stopRequested(.thrashing), at: now)
    }
    return actions
  }

  private mutating func cancel(_ job: JobID, at now: Timestamp) -> [Action] {
    if let attempt = attemptOf[job] {
      running[attempt]?.job.isCancelled = true
      return [.cancelRequested(job)] + advance(attempt, by: .stopRequested(.cancelled), at: now)
    }
    if let actions = cancelBlocked(job) { return actions }
    return takeOut(job) == nil ? [] : [.close(job, .cancelled, .cancelled)]  // Nil: it has ended.
  }

  private mutating func reprioritise(_ job: JobID, to priority: Priority) -> [Action] {
    if let id = attemptOf[job], var attempt = running[id] {
      attempt.job.priority = priority
      _ = appraise(&attempt.job)
      running[id] = attempt
    } else if dependencies.contains(job) {
      dependencies.update(job) { $0.priority = priority }
    } else {
      guard var entry = takeOut(job) else { return [] }  // It has ended.
      entry.priority = priority
      enqueue(entry)
    }
    return [.reprioritised(job, priority)]
  }

  private mutating func timePassed(at now: Timestamp) -> [Action] {
    var actions: [Action] = []
    while let next = scheduled.first, next.rank <= now.rawValue, var job = takeOut(next.member) {
      job.notBefore = nil
      enqueue(job)
      actions.append(.due(job.id))
    }
    for id in running.due(at: now) { actions += advance(id, by: .timer, at: now) }
    return actions
  }
}
