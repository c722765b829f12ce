import MillraceCore

/// What must hold whenever the scheduler has decided, checked against the record alone.
struct Invariants {
  var policy: Policy
  /// Whether attempts are measured; if not, what each counts with is known here, too.
  let isMeasured: Bool
  /// The handlers that can be run now.
  var handlers: [String: HandlerRules] = [:]
  /// The last that this runner was told of the machine.
  var sample = MachineSample()
  private var starts: [String: [Timestamp]] = [:]
  private var lastStart: Timestamp?
  /// What was told of the cluster.
  var there = ClusterInvariants()
  /// The attempts that try a handler whose breaker is open.
  private var probes: [String: AttemptID] = [:]

  init(policy: Policy, isMeasured: Bool) {
    self.policy = policy
    self.isMeasured = isMeasured
  }

  /// A new runner knows only the starts that the record tells it.
  mutating func restart() {
    starts = [:]
    lastStart = nil
    sample = MachineSample()
    there.restart()
  }

  /// Checks a start before it is on record.
  mutating func check(
    _ id: AttemptID, _ admission: Admission, _ place: Place, _ ledger: Ledger, at now: Timestamp
  ) throws(BrokenRule) {
    switch place {
    case .local: try checkHere(id, admission, ledger, at: now)
    case .slurm: try checkThere(id, admission, ledger, at: now)
    }
    let job = ledger.job(id.job)
    let name = job.submission.handler
    if ledger.breakers[name] != nil { probes[name] = id }
    // A rate counts from when it is there.
    if handlers[name]?.rate != nil { starts[name, default: []].append(now) }
    for group in groups(of: job) { starts["group " + group, default: []].append(now) }
  }

  private mutating func checkHere(
    _ id: AttemptID, _ admission: Admission, _ ledger: Ledger, at now: Timestamp
  ) throws(BrokenRule) {
    let job = ledger.job(id.job)
    try BrokenRule.unless(job.submission.terms.place != .slurm, "\(id) is started here, where it must not be")
    try checkRoom(id, admission, ledger)
    try checkPressure(id, admission)
    try checkHandler(of: job, ledger, at: now)
    try checkOrder(of: job, admission, ledger, at: now)
    if let lastStart {
      try BrokenRule.unless(now - lastStart >= policy.stagger, "\(id) is started too soon after the last one")
    }
    lastStart = now
  }

  /// A breaker that is closed is not tried any more, though the one that tried it may run on.
  mutating func note(_ action: Action) {
    if case .breaker(let standing) = action, standing.phase == .closed { probes[standing.handler] = nil }
  }

  /// A new runner is told of a start by the record.
  mutating func recall(_ handler: String, startedAt time: Timestamp) {
    recall(handler, usualGroups(of: handler), startedAt: time)
  }

  /// A new runner has found an attempt at a job.
  mutating func recall(_ job: Job, startedAt time: Timestamp) {
    recall(job.submission.handler, groups(of: job), startedAt: time)
  }

  private mutating func recall(_ handler: String, _ groups: [String], startedAt time: Timestamp) {
    for name in [handler] + groups.map({ "group " + $0 }) {
      starts[name, default: []].append(time)
    }
  }

  /// Capacity is never exceeded by what the attempts count with.
  private func checkRoom(_ id: AttemptID, _ admission: Admission, _ ledger: Ledger) throws(BrokenRule) {
    let (used, demand) = (admission.used, admission.demand)
    let running = ledger.running.values.filter { $0.place == .local }
    try BrokenRule.unless(
      used.slots == running.count && used.slots < policy.capacity.slots,
      "\(id) is started on slot \(used.slots + 1) of \(policy.capacity.slots), \(running.count) run")
    let committed = running.reduce(Bytes.zero) { $0 + $1.limits.memory }
    try BrokenRule.unless(
      used.committed == committed && committed + demand.committed <= policy.capacity.committed,
      "\(id) is started with \(used.committed) of \(policy.capacity.committed) promised, it is \(committed)")
    try BrokenRule.unless(
      used.memory + demand.memory <= policy.capacity.memory,
      "\(id) is started with \(used.memory) of \(policy.capacity.memory) used, it takes \(demand.memory)")
    try BrokenRule.unless(Self.hasProcessors(used, demand, policy), "\(id) is started without a processor")
    guard !isMeasured else { return }
    let whole = running.reduce(Resources()) { $0 + $1.demand }
    try BrokenRule.unless(
      used.memory == whole.memory && used.cpuMillis == whole.cpuMillis,
      "\(id) is started while \(whole.memory) are taken, admission counted \(used.memory)")
  }

  static func hasProcessors(_ used: Resources, _ demand: Resources, _ policy: Policy) -> Bool {
    switch policy.processors {
    case .shared: used.slots == 0 || used.cpuMillis < policy.capacity.cpuMillis
    case .whole: used.cpuMillis + demand.cpuMillis <= policy.capacity.cpuMillis
    }
  }

  /// Nothing starts under critical pressure, and nothing out of turn under any.
  private func checkPressure(_ id: AttemptID, _ admission: Admission) throws(BrokenRule) {
    let rules = policy.pressure
    let capacity = Double(max(1, policy.capacity.memory.rawValue))
    let tree = Double(sample.treeMemory?.rawValue ?? 0) / capacity
    let available = Double(sample.memoryAvailable?.rawValue ?? 1) / Double(sample.memoryTotal?.rawValue ?? 1)
    let stall = sample.memoryStall ?? 0
    let isCritical =
      tree >= rules.critical || available <= rules.availableCritical || stall >= rules.stallCritical
    let isWarning =
      tree >= rules.warning || available <= rules.availableWarning || stall >= rules.stallWarning
    try BrokenRule.unless(
      !isCritical && admission.pressure < .critical, "\(id) is started under critical pressure")
    try BrokenRule.unless(
      !admission.isBackfill || (!isWarning && admission.pressure == .none),
      "\(id) is backfilled under pressure")
  }

  func checkHandler(of job: Job, _ ledger: Ledger, at now: Timestamp) throws(BrokenRule) {
    let name = job.submission.handler
    try BrokenRule.unless(handlers[name] != nil, "job \(job.id) is started, `\(name)` is not there")
    try BrokenRule.unless(!job.isHeld, "job \(job.id) is started and is held")
    try BrokenRule.unless(isTurn(of: job, ledger), "job \(job.id) is started out of turn in its group")
    try BrokenRule.unless(
      isOpen(job, ledger, at: now), "job \(job.id) is started, `\(name)` or one of its groups is closed")
  }

  /// Whether no job comes before one in its groups that keep the order of submission.
  private func isTurn(of job: Job, _ ledger: Ledger) -> Bool {
    let lines = groups(of: job).filter { rules(ofGroup: $0).order == .fifo }
    return lines.isEmpty
      || !ledger.unfinished.contains { id in
        id < job.id && ledger.running[id] == nil
          && !groups(of: ledger.job(id)).filter(lines.contains).isEmpty
      }
  }

  private func rules(ofGroup name: String) -> GroupRules { policy.groups[name] ?? .serial }

  /// Whether a job may start, as far as its handler and its groups are concerned.
  private func isOpen(_ job: Job, _ ledger: Ledger, at now: Timestamp) -> Bool {
    let name = job.submission.handler
    let groups = groups(of: job)
    let stations = [.runner, .handler(name)] + groups.map(Station.group)
    guard let rule = handlers[name], isBreakerOpen(name, ledger, at: now),
      stations.allSatisfy({ ledger.standstills[$0] == nil })
    else {
      return false
    }
    var running: [String: Int] = [:]
    for attempt in ledger.running.values {
      let other = ledger.job(attempt.id.job)
      let names = [other.submission.handler] + self.groups(of: other).map { "group " + $0 }
      for name in names { running[name, default: 0] += 1 }
    }
    func isOpen(_ name: String, _ concurrency: Int?, _ rate: Rate?) -> Bool {
      if let concurrency, running[name, default: 0] >= concurrency { return false }
      guard let rate else { return true }
      return starts[name, default: []].count { now - $0 < rate.span } < rate.count
    }
    return isOpen(name, rule.concurrency, rule.rate)
      && groups.allSatisfy {
        isOpen("group " + $0, rules(ofGroup: $0).concurrency, rules(ofGroup: $0).rate)
      }
  }

  /// While a breaker is open, one attempt at a time may try, and that after the cool-down only.
  private func isBreakerOpen(_ name: String, _ ledger: Ledger, at now: Timestamp) -> Bool {
    guard let breaker = ledger.breakers[name] else { return true }
    let isTried = probes[name].map { ledger.running[$0.job]?.id == $0 } ?? false
    return !isTried && breaker.opensAt.map { $0 <= now } ?? true
  }

  private func usualGroups(of handler: String) -> [String] {
    policy.groupOf[handler].flatMap { GroupRules.chain(from: $0, in: policy.groups) } ?? []
  }

  /// The groups that a job is in: its own and those of its handler.
  private func groups(of job: Job) -> [String] {
    let usual = usualGroups(of: job.submission.handler)
    guard let group = job.submission.group else { return usual }
    let own = GroupRules.chain(from: group, in: policy.groups) ?? [group]
    return own + usual.filter { !own.contains($0) }
  }
}

extension Invariants {
  /// What starts in turn is the first in rank of all that may start; who comes later passes only by backfill.
  /// With shares or expected run times in the rank, by no more than these may come to.
  private func checkOrder(
    of job: Job, _ admission: Admission, _ ledger: Ledger, at now: Timestamp
  ) throws(BrokenRule) {
    guard !admission.isBackfill else {
      try BrokenRule.unless(policy.backfill != .none, "job \(job.id) is backfilled, which is off")
      return
    }
    for other in waiting(ledger, at: now) where other.id != job.id && isHere(other) {
      try checkTurn(of: job, before: other)
    }
  }

  func checkTurn(of job: Job, before other: Job) throws(BrokenRule) {
    let isInTurn = (rank(job), job.id) < (rank(other) + slack(other), other.id)
    try BrokenRule.unless(isInTurn, "job \(job.id) is started before job \(other.id)")
  }

  /// Whether a job may certainly run here: what may run anywhere is not kept here if it is too large.
  private func isHere(_ job: Job) -> Bool {
    switch job.submission.terms.place {
    case .local, nil: true
    case .slurm: false
    case .auto: policy.cluster == nil || isSmall(job)
    }
  }

  /// The queued jobs whose handler may run one more.
  func waiting(_ ledger: Ledger, at now: Timestamp) -> [Job] {
    ledger.unfinished.compactMap { id in
      let job = ledger.job(id)
      guard job.state == .queued, !job.isHeld, isTurn(of: job, ledger) else { return nil }
      return isOpen(job, ledger, at: now) ? job : nil
    }
  }

  /// The first of them, where the order depends on nothing but the record.
  func head(_ ledger: Ledger, at now: Timestamp) -> Job? {
    guard policy.order == .priority, policy.fairShare == nil else { return nil }
    let jobs = waiting(ledger, at: now).filter { $0.submission.terms.place != .slurm }
    return jobs.min { (rank($0), $0.id) < (rank($1), $1.id) }.flatMap { isHere($0) ? $0 : nil }
  }

  private func rank(_ job: Job) -> Int64 {
    job.submitted.rawValue - Int64(job.submission.priority.rawValue) * policy.aging.microseconds
  }

  private func slack(_ job: Job) -> Int64 {
    let length = policy.order == .slowdown ? Course.timeout(of: job) * policy.stretch : .zero
    return length.microseconds + (policy.fairShare?.weight.microseconds ?? 0)
  }
}

extension Invariants {
  /// Backfill delays the first in rank neither beyond its reservation nor beyond its patience, if every run
  /// keeps its time limit and its grace.
  ///
  /// `demand` is what that one takes, `before` what ran when the first of `passing` was started.
  func checkReservation(
    of head: Job, demand: Resources, before: [Ledger.OpenAttempt], passing: [Ledger.OpenAttempt],
    _ ledger: Ledger, at now: Timestamp
  ) throws(BrokenRule) {
    guard !isMeasured, !passing.isEmpty else { return }
    let ends = before.map { (time: latestEnd($0, ledger, at: now), demand: $0.demand) }
    guard let reserved = start(of: demand, after: ends) else {
      throw BrokenRule(
        "job \(passing[0].id.job) passes job \(head.id), of which nobody knows when it can start")
    }
    try BrokenRule.unless(
      !fits(demand, beside: before.reduce(Resources()) { $0 + $1.demand }),
      "job \(passing[0].id.job) passes job \(head.id), which fits")
    let more = passing.map { passing in
      let job = ledger.job(passing.id.job)
      return (
        time: now + Course.timeout(of: job) + job.submission.terms.grace, demand: passing.demand
      )
    }
    let latest = max(reserved, head.submitted + Course.timeout(of: head) * policy.patience)
    let delayed = start(of: demand, after: ends + more)
    try BrokenRule.unless(
      delayed.map { $0 <= latest } ?? false,
      "job \(passing.map(\.id.job)) delays job \(head.id): \(reserved.rawValue), \(delayed?.rawValue ?? 0)"
    )
  }

  private func start(of demand: Resources, after ends: [(time: Timestamp, demand: Resources)]) -> Timestamp? {
    var left = ends
    for time in ends.map(\.time).sorted() {
      left.removeAll { $0.time <= time }
      if fits(demand, beside: left.reduce(Resources()) { $0 + $1.demand }) { return time }
    }
    return nil
  }

  private func fits(_ demand: Resources, beside used: Resources) -> Bool {
    used.slots < policy.capacity.slots && used.memory + demand.memory <= policy.capacity.memory
      && used.committed + demand.committed <= policy.capacity.committed
      && Self.hasProcessors(used, demand, policy)
  }

  private func latestEnd(_ attempt: Ledger.OpenAttempt, _ ledger: Ledger, at now: Timestamp) -> Timestamp {
    let job = ledger.job(attempt.id.job)
    let (terms, timeout) = (job.submission.terms, Course.timeout(of: job))
    if attempt.isKilled { return now }
    if let asked = attempt.terminated { return max(asked + terms.grace, now) }
    let end = attempt.started.map { started in
      max(min(started + timeout, Course.deadline(of: job) ?? started + timeout), now)
    }
    return (end ?? now + timeout) + terms.grace
  }
}
