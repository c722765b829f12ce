package import MillraceCore

/// The scheduler with a made-up machine, record and operator, all from one seed: what happens, and in which
/// order, is drawn by lot; what the scheduler decides is checked against the record at each step.
///
/// The machine has its own steady time. The runner's clock reads the wall once, at its start, and counts on
/// with that: a stepped wall clock shows only when the next runner starts.
package struct Simulation {
  enum Incident {
    case outside(Scenario.Incident)
    case started(AttemptID), refused(AttemptID)
    case ended(AttemptID, plan: Int, Way)
    case sampled
    /// The cluster tells once more that an attempt has begun.
    case toldAgain(AttemptID)
  }

  /// How an attempt ends.
  enum Way {
    case itself, told, killed, ownLimit, machine, lost
    // What only a cluster does.
    case nodeLost, nodeFault, preempted, cancelledThere, timeLimit
  }

  /// An attempt as the machine has it.
  struct Live {
    var id: AttemptID
    var fate: Fate
    var limit: Bytes
    /// The build of its handler.
    var build: String
    /// When its process began; nil if there is none yet.
    var started: Duration?
    /// Its end as it is planned; one of another plan is void.
    var plan = 0
    var end: (time: Duration, way: Way)?
    var frozenSince: Duration?
    var frozenTime = Duration.zero
    var peak = Bytes.zero
    var place = Place.local
    /// Its node in the cluster; nil while it has none.
    var node: String?
    /// Whether that is down, so that nothing is heard of it.
    var isCutOff = false
  }

  private(set) var scenario: Scenario
  private(set) var scheduler: Scheduler
  var ledger: Ledger
  var invariants: Invariants
  /// The machine's steady time.
  private(set) var time = Duration.zero
  var live: [AttemptID: Live] = [:]
  /// The cluster; nil without one.
  var cluster: ClusterState?
  /// The build of each attempt, as it is on record.
  var builds: [AttemptID: String] = [:]
  private var agenda = Agenda<Incident>()
  /// What the wall clock shows at the beginning, as the runner has read it, and as it is by now.
  private var epoch = Timestamp(microseconds: 1_767_225_600_000_000)
  private var wall = Timestamp(microseconds: 1_767_225_600_000_000)
  private var spell = MachineSample()
  private var isSampling = false
  private var isDown = false
  private var accepted: Int64 = 0
  private var random: SeededGenerator
  private let keepsTrace: Bool
  private let flaw: Flaw?
  /// Rows of time and action, if they are kept.
  package private(set) var trace: [String] = []

  /// Prepares the simulation of a seed.
  /// - Throws: if a setting can't be.
  package init(
    seed: UInt64, options: SimulationOptions = .init(), keepsTrace: Bool = false, flaw: Flaw? = nil
  ) throws(SimulatorError) {
    self.keepsTrace = keepsTrace
    self.flaw = flaw
    random = SeededGenerator(seed: ~seed)
    scenario = try Scenario(seed: seed, options: options)
    scheduler = Scheduler(policy: flaw?.policy(scenario.policy) ?? scenario.policy)
    ledger = Ledger(policy: scenario.policy)
    invariants = Invariants(policy: scenario.policy, isMeasured: scenario.twists.contains(.samples))
    if scenario.policy.cluster != nil { cluster = ClusterState(machines: MadeCluster(scenario.nodes)) }
    for (time, incident) in scenario.incidents { plan(.outside(incident), at: time) }
  }

  /// What the workload went through.
  package var figures: WorkloadFigures { ledger.figures }
  /// How often attempts ended in each way.
  package var outcomes: [Outcome: Int] { ledger.outcomes }
  /// How many attempts ran here, and there.
  package var attempts: [Place: Int] { ledger.attemptsByPlace }
  /// What was switched on.
  package var twists: Set<Twist> { scenario.twists }

  /// The runner's time.
  var now: Timestamp { epoch + time }

  /// Works until every job has ended.
  /// - Throws: the first rule that the scheduler broke.
  package mutating func run() throws(BrokenRule) {
    do throws(BrokenRule) {
      try work()
    } catch {
      throw BrokenRule("at \(now.rawValue): \(error)")
    }
  }

  private mutating func work() throws(BrokenRule) {
    var steps = 0
    while true {
      let timer = scheduler.nextTime.map { max($0 - epoch, time) }
      let next = agenda.nextTime.map { Duration.microseconds($0) }
      guard let soonest = [timer, next].compactMap(\.self).min() else { break }
      steps += 1
      try BrokenRule.unless(
        steps < 20_000 + 200 * Int(accepted), "jobs never end: \(ledger.unfinished.prefix(10))")
      time = max(time, soonest)
      ledger.steady = Timestamp(microseconds: time.microseconds)
      var events: [Event] = []
      while agenda.nextTime.map({ $0 <= time.microseconds }) ?? false, let (_, incident) = agenda.next() {
        if case .outside(.restart) = incident, !events.isEmpty {
          try handle(events)
          events = []
        }
        events += try happen(incident)
        if !scenario.twists.contains(.batches), !events.isEmpty { break }
      }
      if timer.map({ $0 <= time }) ?? false { events.append(.timer) }
      if !events.isEmpty { try handle(events) }
      placeThere()
    }
    try BrokenRule.unless(ledger.unfinished.isEmpty, "jobs are forgotten: \(ledger.unfinished.prefix(10))")
  }

  mutating func plan(_ incident: Incident, at time: Duration) {
    agenda.plan(incident, at: max(time, self.time).microseconds)
  }

  /// Lets something happen on the machine; returns what the runner is told of it.
  private mutating func happen(_ incident: Incident) throws(BrokenRule) -> [Event] {
    switch incident {
    case .outside(let incident): return try happen(incident)
    case .started(let id):
      guard live[id]?.started == nil, live[id] != nil else { return [] }
      guard !(live[id]?.isCutOff ?? false) else { return [] }
      begin(id)
      return tell(.started(id), of: id)
    case .toldAgain(let id):
      return tell(.started(id), of: id)
    case .refused(let id):
      return live.removeValue(forKey: id) == nil ? [] : [.refused(id, reason: "no memory")]
    case .ended(let id, let plan, let way):
      return live[id]?.plan == plan ? tell(end(of: id, way), of: id) : []
    case .sampled: return sample()
    }
  }

  private mutating func happen(_ incident: Scenario.Incident) throws(BrokenRule) -> [Event] {
    switch incident {
    case .submission(let count): return submit(count)
    case .cancel(let job): return isAccepted(job) ? [.cancel(job)] : []
    case .reprioritise(let job, let priority): return isAccepted(job) ? [.reprioritise(job, priority)] : []
    case .hold(let job, let isHeld):
      // Those that lack something are cancelled in the end.
      return isAccepted(job) && ledger.broken(job) == nil ? [.hold(job, isHeld)] : []
    case .operate(let station, let request): return [.operate(station, request)]
    case .open:
      let held = ledger.unfinished.filter { ledger.job($0).isHeld && ledger.broken($0) == nil }
      return held.map { .hold($0, false) }
        + ledger.standstills.keys.sorted().map { .operate($0, .resume) }
    case .slots(let slots):
      scenario.set(slots: slots)
      invariants.policy = scenario.policy
      return [.policy(scenario.policy)]
    case .handlers(let rules):
      invariants.handlers = rules
      return [.handlers(rules)]
    case .spell(let sample):
      spell = sample
      keepSampling()
      return []
    case .lostHost(let handler):
      let lost = live.values.filter {
        $0.place == .local && $0.started != nil && ledger.job($0.id.job).submission.handler == handler
      }
      return lost.map(\.id).sorted().map { end(of: $0, .lost) }
    case .clockStep(let step):
      wall = wall + step
      return []
    case .drain:
      isDown = true
      return [.drain]
    case .restart:
      try restart()
      return []
    case .cluster(let incident): return happen(incident)
    }
  }

  private func isAccepted(_ job: JobID) -> Bool { job.rawValue <= accepted }

  private mutating func submit(_ count: Int) -> [Event] {
    var jobs: [WaitingJob] = []
    var blocked: [BlockedJob] = []
    for _ in 0..<count {
      var job = scenario.job(accepted + 1, at: now)
      let limits = job.submission.terms.limits
      let capacity = scenario.policy.capacity
      let isHere =
        limits.memory <= min(capacity.memory, capacity.committed) && limits.cpuMillis <= capacity.cpuMillis
      guard isHere || mayRunThere(job) else {
        ledger.refuse()
        continue
      }
      accepted += 1
      let (open, broken) = (ledger.open(job), ledger.broken(job))
      if broken != nil, job.submission.onDependencyFailure == .cancel {
        job.state = .cancelled
      } else if broken != nil || !open.isEmpty {
        job.state = .blocked
        job.isHeld = broken != nil
      }
      ledger.accept(job)
      if job.isHeld { plan(.outside(.cancel(job.id)), at: time + Self.patienceWithHeld) }
      if job.state == .blocked {
        blocked.append(self.blocked(job, waitsFor: open, broken: broken))
      } else if !job.state.isFinal {
        jobs.append(WaitingJob(job, sharedBy: scenario.policy.fairShare?.label))
      }
    }
    return (jobs.isEmpty ? [] : [.submitted(jobs)]) + (blocked.isEmpty ? [] : [.blocked(blocked)])
  }
}

extension Simulation {
  /// Feeds events in, performs the actions and checks every rule.
  private mutating func handle(_ events: [Event]) throws(BrokenRule) {
    for event in events { invariants.there.note(event, scenario.policy.cluster, at: now) }
    ledger.largestNode = max(ledger.largestNode, invariants.there.largestNode)
    let told = flaw.map { flaw in events.flatMap { flaw.told($0) } } ?? events
    let actions = scheduler.handle(told, at: now)
    var before: [Ledger.OpenAttempt] = []
    var passing: [AttemptID] = []
    var passed: Job?
    for action in actions {
      if keepsTrace { trace.append("\(now.rawValue) \(action)") }
      invariants.note(action)
      if case .start(let id, let job, let admission, let place) = action {
        let known = ledger.job(id.job)
        try BrokenRule.unless(
          job.attempts == id.number && job.attemptsUsed == known.attemptsUsed
            && job.priority == known.submission.priority && job.carryover == known.carryover,
          "\(id) is started as what it is not on record: \(job)")
        try BrokenRule.unless(!isDown, "\(id) is started while the runner is shutting down")
        if admission.isBackfill {
          if passing.isEmpty {
            before = ledger.running.values.filter { $0.place == .local }
            passed = invariants.head(ledger, at: now)
          }
          passing.append(id)
        }
        try invariants.check(id, admission, place, ledger, at: now)
      }
      try ledger.perform(action, at: now)
      try answer(action)
    }
    if !actions.isEmpty { try checkCounts() }
    if events.contains(where: { if case .timer = $0 { true } else { false } }) { try checkTimes() }
    try ledger.checkBlocked()
    if let passed, let demand = demand(of: passed) {
      try invariants.checkReservation(
        of: passed, demand: demand, before: before, passing: passing.compactMap { ledger.running[$0.job] },
        ledger, at: now)
    }
    if let head = invariants.head(ledger, at: now), !isDown { try checkWait(of: head, after: events) }
    if !isDown { try checkWaitThere(after: events) }
    keepSampling()
  }

  /// While something runs, or pressure must go, the runner looks at the machine.
  private mutating func keepSampling() {
    guard scenario.twists.contains(.samples), !isSampling, scheduler.needsSamples else { return }
    isSampling = true
    plan(.sampled, at: time + scenario.sampling)
  }

  private mutating func sample() -> [Event] {
    isSampling = false
    var events: [Event] = []
    // The limit of the whole tree: the kernel kills the largest.
    while let victim = victim() {
      ledger.countMemoryKill()
      events.append(end(of: victim, .machine))
    }
    var machine = spell
    machine.treeMemory = treeMemory
    var samples: [AttemptID: UsageSample] = [:]
    for attempt in live.values where attempt.started != nil && attempt.place == .local {
      let ran = runTime(of: attempt)
      samples[attempt.id] = UsageSample(
        workingSet: use(of: attempt), cpu: ran * Int(attempt.fate.cpuMillis) / 1000,
        memoryLimitHits: attempt.fate.isThrashing ? ran.milliseconds * 2 : 0)
      let use = use(of: attempt)
      live[attempt.id]?.peak = max(attempt.peak, use)
    }
    invariants.sample = machine
    return events + [.sampled(samples, machine)]
  }

  /// A new runner with the same record: it finds some attempts, the others are lost.
  private mutating func restart() throws(BrokenRule) {
    scheduler = Scheduler(policy: flaw?.policy(scenario.policy) ?? scenario.policy)
    isDown = false
    // Its clock is read from the wall anew.
    epoch = wall
    invariants.restart()
    let breakers = ledger.breakers.keys.sorted().compactMap { ledger.breakers[$0] }
    var found: [Event] = [.learned(ledger.evidence), .breakers(breakers)]
    // What this runner expects of the attempts that it finds.
    var learned = scheduler
    _ = learned.handle(found, at: now)
    for one in ledger.evidence { invariants.recall(one.handler, startedAt: one.started) }
    let unended = Set(ledger.unfinished)
    for id in ledger.unfinished {
      if ledger.job(id).state == .blocked {
        found.append(.blocked([self.blocked(ledger.job(id), unended: unended)]))
        continue
      }
      let label = scenario.policy.fairShare?.label
      guard let attempt = ledger.running[id] else {
        found.append(.submitted([WaitingJob(ledger.job(id), sharedBy: label)]))
        continue
      }
      let isLost = scenario.twists.contains(.lossAtRestart) && random.oneIn(3)
      // The cluster knows of all that it was asked for.
      if attempt.place == .slurm || live[attempt.id]?.started != nil && !isLost {
        thaw(attempt.id)
        let job = WaitingJob(ledger.job(id), sharedBy: label)
        ledger.adopt(attempt.id, learned.explanation(ofNew: job, at: now).estimate, at: now)
        let adoption = adoption(of: attempt, by: job)
        invariants.recall(ledger.job(id), startedAt: adoption.started)
        found.append(.adopted(adoption))
      } else {
        live[attempt.id] = nil
        var job = WaitingJob(ledger.job(id), sharedBy: label)
        let next = job.lose(attempt.id, under: scenario.policy, at: now)
        try ledger.lose(attempt.id, next, at: now)
        guard next == .requeue else {
          found.append(.gone(id, .failed))
          continue
        }
        try ledger.perform(.carry(id, job.carryover), at: now)
        found.append(.submitted([job]))
      }
    }
    found += whatWasAsked
    if random.oneIn(2) {
      try handle(found + [.handlers(invariants.handlers)])
    } else {
      // The plugins are read later than the record.
      let handlers = invariants.handlers
      invariants.handlers = [:]
      try handle(found)
      invariants.handlers = handlers
      try handle([.handlers(handlers)])
    }
  }

  /// Cancellations and pauses hold on.
  private var whatWasAsked: [Event] {
    let cancelled = ledger.unfinished.filter { ledger.job($0).cancelRequested != nil }
    return cancelled.map { .cancel($0) }
      + ledger.standstills.keys.sorted().compactMap { station in
        switch ledger.standstills[station] {
        case .paused(let pause)?: .operate(station, .pause(pause))
        case .stopping(let pause)?: .operate(station, .drain(pause))
        case .idle?, .running?, nil: nil
        }
      }
  }

  private func adoption(of attempt: Ledger.OpenAttempt, by job: WaitingJob) -> Adoption {
    Adoption(
      job: job, number: attempt.id.number, build: builds[attempt.id] ?? "",
      started: attempt.started ?? attempt.admitted,
      frozenTime: ledger.running[job.id]?.frozenTime ?? .zero, place: attempt.place,
      isStarting: attempt.place == .slurm && attempt.started == nil)
  }
}
