import MillraceCore

/// What a seed makes: a machine, a policy, handlers, jobs, and what happens to them from outside.
struct Scenario {
  /// Something that comes from outside.
  enum Incident {
    case submission(count: Int)
    case cancel(JobID)
    case reprioritise(JobID, Priority)
    case hold(JobID, Bool)
    case operate(Station, Activity.Request)
    /// Whatever is held is released, whatever is paused is resumed.
    case open
    /// Somebody changes how many attempts may run.
    case slots(Int)
    case handlers([String: HandlerRules])
    /// Something else takes the machine's memory, or no longer does.
    case spell(MachineSample)
    /// The process of a plugin ends with all of its attempts.
    case lostHost(String)
    /// Somebody sets the wall clock.
    case clockStep(Duration)
    case drain
    /// The runner is killed; a new one reads the record and finds some of the attempts.
    case restart
    case cluster(ClusterIncident)
  }

  let seed: UInt64
  let twists: Set<Twist>
  /// How often the runner looks at the machine.
  let sampling: Duration
  var policy: Policy
  private(set) var profiles: [Profile] = []
  private(set) var incidents: [(time: Duration, incident: Incident)] = []
  /// The nodes of the cluster; empty without one.
  var nodes: [MadeCluster.Node] = []
  /// How often the runner looks at the cluster.
  var looking = Duration.seconds(10)
  /// What jobs are drawn with.
  var random: SeededGenerator
  /// The memory that limits are drawn for; `--memory` does not change the jobs.
  private let memory: Bytes
  private let cpuMillis: Int64

  init(seed: UInt64, options: SimulationOptions) throws(SimulatorError) {
    var random = SeededGenerator(seed: seed)
    self.seed = seed
    twists = Set(Twist.allCases.filter { _ in random.oneIn(2) })
    memory = .mebibytes(Int64.random(in: 64...512, using: &random))
    cpuMillis = Int64.random(in: 500...6000, using: &random)
    sampling = random.seconds(1...4)
    policy = Policy(
      slots: Int.random(in: 1...6, using: &random), memory: memory, cpuMillis: cpuMillis, maxQueued: .max,
      aging: .seconds(60), overcommit: twists.contains(.tightPromises) ? 1.5 : 10)
    self.random = random
    drawPolicy()
    for setting in options.settings { try PolicySettings.apply(setting, to: &policy) }
    drawProfiles()
    drawIncidents(jobs: options.jobs)
  }

  private mutating func drawPolicy() {
    if twists.contains(.noBackfill) { policy.backfill = .none }
    if twists.contains(.inOrder) { policy.backfill = .inOrder }
    if twists.contains(.slowdown) { policy.order = .slowdown }
    if twists.contains(.wholeProcessors) { policy.processors = .whole }
    if twists.contains(.stagger) { policy.stagger = random.seconds(1...5) }
    if twists.contains(.fairShare) {
      policy.fairShare = FairShareRules(label: "owner", halfLife: .seconds(100), weight: .seconds(120))
    }
    policy.learning.isOn = !twists.contains(.noLearning)
    policy.learning.settling = .seconds(5)
    policy.thrashTime = .seconds(3)
    policy.pressure.freezeAfter = random.oneIn(4) ? nil : random.seconds(0...5)
    policy.pressure.evictAfter = random.seconds(1...10)
    policy.patience = Int.random(in: 0...4, using: &random)
    drawCluster()
    let isInOrder = twists.contains(.serialGroups) && random.oneIn(2)
    guard twists.contains(.groups) else { return }
    policy.groups["outer"] = GroupRules(concurrency: Int.random(in: 1...4, using: &random))
    policy.groups["inner"] = GroupRules(
      concurrency: random.oneIn(2) ? nil : Int.random(in: 1...3, using: &random),
      rate: twists.contains(.rates) ? Rate(count: 3, per: .seconds(20)) : nil, within: "outer",
      order: isInOrder ? .fifo : .priority)
    for (name, group) in [("alpha", "inner"), ("beta", "inner"), ("gamma", "outer")] where !random.oneIn(3) {
      policy.groupOf[name] = group
    }
  }

  private mutating func drawProfiles() {
    for name in ["alpha", "beta", "gamma", "delta"] {
      profiles.append(
        Profile(
          name: name, peak: Bytes(memory.rawValue / Int64.random(in: 2...30, using: &random)),
          run: Int64.random(in: 0...30, using: &random),
          cpuMillis: min(cpuMillis, Int64.random(in: 100...3000, using: &random))))
    }
  }

  private mutating func drawIncidents(jobs: Int?) {
    let jobs = jobs ?? Int.random(in: 10...60, using: &random)
    let horizon = max(200, Int64(jobs) * gap())
    var left = jobs
    while left > 0 {
      let count = min(left, Int.random(in: 1...5, using: &random))
      left -= count
      put(.submission(count: count), in: 0...horizon)
    }
    // Whatever went wrong is over then, and every job may run.
    let last = horizon + 60
    func times(_ twist: Twist, _ most: Int) -> Int { twists.contains(twist) ? most : 0 }
    let anyJob = { (random: inout SeededGenerator) in JobID(Int64.random(in: 1...Int64(jobs), using: &random))
    }
    for _ in 0..<times(.cancels, 10) { put(.cancel(anyJob(&random)), in: 0...last) }
    for _ in 0..<times(.reprioritisations, 10) {
      put(.reprioritise(anyJob(&random), priority()), in: 0...last)
    }
    for _ in 0..<times(.holds, 10) { put(.hold(anyJob(&random), !random.oneIn(4)), in: 0...last) }
    for _ in 0..<times(.pauses, 8) { put(.operate(station(), request()), in: 0...last) }
    for _ in 0..<times(.newPolicies, 4) {
      put(.slots(Int.random(in: 1...6, using: &random)), in: 0...last)
    }
    for _ in 0..<times(.comingAndGoing, 4) { put(.handlers(rules(all: false)), in: 0...last) }
    for _ in 0..<times(.lostHosts, 3) { put(.lostHost(profiles[random.oneIn(2) ? 0 : 1].name), in: 0...last) }
    for _ in 0..<times(.clockSteps, 2) {
      put(.clockStep(.seconds(random.oneIn(2) ? 86_400 : -86_400)), in: 0...last)
    }
    for _ in 0..<times(.restarts, 2) { put(.restart, in: 0...last) }
    if twists.contains(.drains) {
      let time = Int64.random(in: 0...last, using: &random)
      put(.drain, in: time...time)
      put(.restart, in: time...time + 60)
    }
    for _ in 0..<times(.spells, 6) {
      let time = Int64.random(in: 0...last, using: &random)
      put(.spell(spell()), in: time...time)
      put(.spell(MachineSample()), in: time + 1...time + 40)
    }
    drawClusterIncidents(until: last)
    put(.open, in: last + 1...last + 1)
    put(.handlers(rules(all: true)), in: 0...0)
    put(.handlers(rules(all: true)), in: last + 1...last + 1)
    put(.spell(MachineSample()), in: last + 41...last + 41)
  }

  /// Seconds between two jobs at which the machine has enough to do; more so with few jobs than with many.
  private func gap() -> Int64 {
    let run = profiles.reduce(0) { $0 + $1.run } / Int64(profiles.count)
    return max(1, run * 2 / Int64(min(policy.capacity.slots, 4)))
  }

  /// When the last thing comes from outside.
  var lastIncident: Duration { incidents.map(\.time).max() ?? .zero }

  mutating func put(_ incident: Incident, in seconds: ClosedRange<Int64>) {
    incidents.append((random.seconds(seconds), incident))
  }

  private mutating func spell() -> MachineSample {
    let total = Bytes.gibibytes(16)
    let parts: [Int64] = [2, 2, 6]
    let available = Bytes(total.rawValue / 100 * (parts.randomElement(using: &random) ?? 2))
    return random.oneIn(2)
      ? MachineSample(memoryTotal: total, memoryAvailable: available)
      : MachineSample(memoryStall: Double.random(in: 20...100, using: &random))
  }

  private mutating func rules(all: Bool) -> [String: HandlerRules] {
    var rules: [String: HandlerRules] = [:]
    for profile in profiles {
      let rule = HandlerRules(
        build: random.oneIn(3) ? "new" : "old",
        concurrency: twists.contains(.concurrency) && random.oneIn(2)
          ? Int.random(in: 1...3, using: &random) : nil,
        rate: twists.contains(.rates) && random.oneIn(2) ? Rate(count: 2, per: .seconds(15)) : nil,
        breaker: breaker())
      if all || !random.oneIn(3) { rules[profile.name] = rule }
    }
    return rules
  }

  private mutating func station() -> Station {
    let stations: [Station] = [
      .runner, .handler("alpha"), .handler("delta"), .group("line-a"), .group("inner"), .group("outer"),
    ]
    return stations.randomElement(using: &random) ?? .runner
  }

  private mutating func request() -> Activity.Request {
    let pause = Pause(by: "ann", since: Timestamp(microseconds: 0))
    let requests: [Activity.Request] = [.pause(pause), .drain(pause), .resume]
    return requests.randomElement(using: &random) ?? .resume
  }

  /// Changes how many attempts may run.
  mutating func set(slots: Int) { policy.capacity.slots = slots }

  private mutating func breaker() -> BreakerRules? {
    guard twists.contains(.breakers) else { return nil }
    var rules = BreakerRules()
    rules.failures = Int.random(in: 1...4, using: &random)
    if random.oneIn(2) { (rules.rate, rules.window) = (0.5, Int.random(in: 2...8, using: &random)) }
    rules.coolDown = random.seconds(1...20)
    rules.longestCoolDown = .seconds(60)
    return rules
  }

  private mutating func priority() -> Priority {
    guard twists.contains(.priorities) else { return .default }
    return Priority(rawValue: Int.random(in: 1...10, using: &random)) ?? .default
  }
}

extension Scenario {
  func profile(of handler: String) -> Profile {
    guard let profile = profiles.first(where: { $0.name == handler }) else {
      preconditionFailure("there is no handler `\(handler)`")
    }
    return profile
  }

  /// Draws on which of the last jobs the next one depends, if it does.
  private func dependencies(of number: Int64) -> ([Dependency], Dependency.Failure) {
    var random = SeededGenerator(seed: seed &+ UInt64(bitPattern: number) &* 0x9e37_79b9_7f4a_7c15)
    guard number > 1, random.oneIn(2) else { return ([], .cancel) }
    let dependencies = (0..<Int.random(in: 1...3, using: &random)).map { _ in
      let needed = Int64.random(in: max(1, number - 10)...number - 1, using: &random)
      return Dependency(
        .job(JobID(needed)), Dependency.Condition.allCases.randomElement(using: &random) ?? .ok)
    }
    return (dependencies, random.oneIn(4) ? .hold : .cancel)
  }

  /// Makes the next job.
  mutating func job(_ number: Int64, at time: Timestamp) -> Job {
    let profile = profiles[Int.random(in: 0..<profiles.count, using: &random)]
    // What people ask for is mostly too much.
    let asked = Bytes(profile.peak.rawValue / 10 * Int64.random(in: 10...100, using: &random))
    var terms = Terms(
      limits: Limits(
        memory: min(max(asked, .kibibytes(64)), memory),
        cpuMillis: min(profile.cpuMillis * Int64.random(in: 1...3, using: &random), cpuMillis), pids: 8),
      timeout: random.seconds(1...max(1, profile.run * 3)), grace: random.seconds(0...5),
      maxAttempts: Int.random(in: 1...4, using: &random), retryDelay: random.seconds(0...10))
    amend(&terms)
    let isDelayed = random.oneIn(5)
    let delay = random.seconds(1...100)
    let notBefore = twists.contains(.delays) && isDelayed ? time + delay : nil
    let jobClass = ["small", "large", nil].randomElement(using: &random) ?? nil
    let owner = ["ann", "bob", "eve"].randomElement(using: &random) ?? "ann"
    let group = ["line-a", "line-b", "inner", nil, nil, nil].randomElement(using: &random) ?? nil
    var submission = Submission(
      handler: profile.name, terms: terms, priority: priority(),
      jobClass: twists.contains(.classes) ? jobClass : nil, labels: ["owner": owner])
    if twists.contains(.serialGroups) { submission.group = group }
    if twists.contains(.dependencies) {
      (submission.after, submission.onDependencyFailure) = dependencies(of: number)
    }
    return Job(
      id: JobID(number), submission: submission, submitted: time,
      state: notBefore == nil ? .queued : .scheduled, notBefore: notBefore)
  }

  /// What holds for the attempts after the first one, and for the job's time. Drawn in any case, so that a
  /// twist changes nothing but its own kind.
  private mutating func amend(_ terms: inout Terms) {
    let causes = RetryCauses(rawValue: UInt8.random(in: 0...15, using: &random))
    var rule = RetryRule()
    rule.factor = Double.random(in: 1...3, using: &random)
    rule.jitter = Double.random(in: 0...1, using: &random)
    rule.maxDelay = random.oneIn(2) ? nil : random.seconds(0...60)
    rule.timeoutFactor = Double.random(in: 1...2, using: &random)
    let share = Int64.random(in: 50...300, using: &random)
    let start = random.oneIn(3) ? random.seconds(0...200) : nil
    let finish = random.oneIn(3) ? random.seconds(1...300) : nil
    if twists.contains(.growth) {
      rule.memoryMax = share > 200 ? nil : Bytes(terms.limits.memory.rawValue / 100 * share)
      terms.retry = rule
    }
    if twists.contains(.causes) { terms.retry.causes = causes }
    if twists.contains(.expiries) { (terms.startWithin, terms.finishWithin) = (start, finish) }
    let place = ([nil] + Placement.allCases).randomElement(using: &random) ?? nil
    let isLarge = random.oneIn(4)
    guard twists.contains(.cluster) else { return }
    terms.place = place
    // Larger than this machine, and not always too large for every node.
    if isLarge, place == .slurm || place == .auto { terms.limits.memory = Bytes(memory.rawValue * 3 / 2) }
  }
}
