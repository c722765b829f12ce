import MillraceCore

/// The jobs of a simulation, with the rules of the store: a step from any other state is an error.
struct Ledger {
  /// An attempt that has not ended.
  struct OpenAttempt {
    var id: AttemptID
    var place = Place.local
    /// What admission counted it with.
    var demand: Resources
    var limits: Limits
    var admitted: Timestamp
    var started: Timestamp?
    var terminated: Timestamp?
    var isKilled = false
    var frozenSince: Timestamp?
    var frozenTime = Duration.zero
    /// When its process began by the machine's steady time.
    var began: Timestamp?
  }

  private var jobs: [JobID: Job] = [:]
  /// What is paused or stopping.
  private(set) var standstills: [Station: Activity] = [:]
  /// Jobs that have not ended, in order.
  private(set) var unfinished: [JobID] = []
  private(set) var running: [JobID: OpenAttempt] = [:]
  private var everStarted: Set<AttemptID> = []
  /// The machine's steady time, which figures go by: the runner's may be stepped between two runners.
  var steady = Timestamp(microseconds: 0)
  private var submissions: [JobID: Timestamp] = [:]
  private var firstStarts: [JobID: Timestamp] = [:]
  /// What the attempts at each job have shown of what the next one may be.
  private var courses: [JobID: Course] = [:]
  /// How the breakers are that are not closed, as a next runner finds them.
  private(set) var breakers: [String: BreakerStanding] = [:]
  /// What ended attempts have shown, in the order of their ends.
  private(set) var evidence: [Evidence] = []
  private(set) var outcomes: [Outcome: Int] = [:]
  /// How many attempts have ended that ran here, and there.
  private(set) var attemptsByPlace: [Place: Int] = [:]
  private(set) var figures: WorkloadFigures
  private let policy: Policy

  init(policy: Policy) {
    self.policy = policy
    figures = WorkloadFigures(cpuMillis: policy.capacity.cpuMillis)
  }

  func job(_ id: JobID) -> Job {
    guard let job = jobs[id] else { preconditionFailure("job \(id) is not on record") }
    return job
  }

  /// Puts a job on record, in the state that it says.
  mutating func accept(_ job: Job) {
    jobs[job.id] = job
    submissions[job.id] = steady
    unfinished.append(job.id)
    if job.state.isFinal { end(job.id, job.state, run: .zero) }
  }

  mutating func refuse() { figures.refused += 1 }

  mutating func countMemoryKill() { figures.outOfMemoryKills += 1 }

  /// The most memory that an attempt can have in the cluster.
  var largestNode = Bytes.zero

  mutating func note(_ evidence: Evidence) { self.evidence.append(evidence) }

  /// A new runner has found an attempt: it knows nothing of what was asked of it.
  mutating func adopt(_ id: AttemptID, _ estimate: Estimate, at now: Timestamp) {
    guard var attempt = running[id.job] else { return }
    attempt.demand.memory = estimate.memory
    attempt.demand.cpuMillis = estimate.cpuMillis
    attempt.terminated = nil
    attempt.isKilled = false
    thaw(&attempt, at: now)
    running[id.job] = attempt
  }

  /// A new runner has not found an attempt; its job goes where `next` says.
  mutating func lose(_ id: AttemptID, _ next: AfterAttempt, at now: Timestamp) throws(BrokenRule) {
    try finish(id, AttemptEnd(outcome: .lost, ended: now), next, at: now)
  }

  mutating func perform(_ action: Action, at now: Timestamp) throws(BrokenRule) {
    switch action {
    case .start(let id, _, let admission, let place): try start(id, admission, place, at: now)
    case .markRunning(let id):
      try BrokenRule.unless(
        running[id.job]?.id == id && running[id.job]?.started == nil, "\(id) exists twice")
      running[id.job]?.started = now
      running[id.job]?.began = steady
      // What was told while it waited in the cluster's queue is told again.
      running[id.job]?.terminated = nil
      jobs[id.job]?.state = .running
    case .freeze(let id): try freeze(id, at: now)
    case .thaw(let id):
      guard var attempt = running[id.job], attempt.frozenSince != nil else {
        throw BrokenRule("\(id) is thawed and is not frozen")
      }
      thaw(&attempt, at: now)
      running[id.job] = attempt
    case .terminate(let id): try terminate(id, at: now)
    case .kill(let id): try kill(id, at: now)
    case .finish(let id, let end, let next): try finish(id, end, next, at: now)
    case .close(let job, let end, let reason):
      let state = self.job(job).state
      try BrokenRule.unless(
        [.blocked, .queued, .scheduled].contains(state), "\(job) is \(end) while \(state): \(reason.message)")
      if reason.code == EndReason.dependencyCode {
        try BrokenRule.unless(broken(job) != nil, "\(job) is \(end) and lacks nothing: \(reason.message)")
      }
      try courses[job, default: Course()].checkEnd(of: self.job(job), end, reason, at: now)
      self.end(job, end, run: .zero)
    case .due(let job):
      let entry = self.job(job)
      try BrokenRule.unless(entry.state == .scheduled, "\(job) is due while \(entry.state)")
      try BrokenRule.unless(entry.notBefore.map { $0 <= now } ?? false, "\(job) is due too early")
      jobs[job]?.state = .queued
      jobs[job]?.notBefore = nil
    case .unblock(let job, let time): try unblock(job, notBefore: time, at: now)
    case .reprioritised(let job, let priority):
      try BrokenRule.unless(!self.job(job).state.isFinal, "\(job) has ended and gets another priority")
      jobs[job]?.submission.priority = priority
    case .cancelRequested(let job):
      try BrokenRule.unless(running[job] != nil, "\(job) is being cancelled and does not run")
      jobs[job]?.cancelRequested = now
    case .held(let job, let isHeld):
      try BrokenRule.unless(!self.job(job).state.isFinal, "\(job) has ended and is held or released")
      jobs[job]?.isHeld = isHeld
    case .operated(let station, let activity):
      standstills[station] = activity.pause == nil ? nil : activity
    case .carry(let job, let carryover):
      try courses[job, default: Course()].check(carryover, of: self.job(job), policy, largestNode)
      jobs[job]?.carryover = carryover
    case .revive(let job, _, _): throw BrokenRule("\(job) begins anew, and nobody has asked for that")
    case .breaker(let standing):
      breakers[standing.handler] = standing.phase == .closed ? nil : standing
    case .notice(.evicted): figures.evictions += 1
    case .notice, .reclaim: break
    }
  }

  private mutating func start(
    _ id: AttemptID, _ admission: Admission, _ place: Place, at now: Timestamp
  ) throws(BrokenRule) {
    let job = job(id.job)
    try BrokenRule.unless(everStarted.insert(id).inserted, "\(id) is started twice")
    try BrokenRule.unless(
      job.state == .queued && running[id.job] == nil, "\(id) is started while \(job.state)")
    try BrokenRule.unless(job.cancelRequested == nil, "\(id) is started after its job was cancelled")
    try BrokenRule.unless(id.number == job.attempts + 1, "\(id) is started after attempt \(job.attempts)")
    try BrokenRule.unless(
      job.attemptsUsed < job.submission.terms.maxAttempts, "\(id) is one attempt too many")
    try BrokenRule.unless(
      Course.expiry(of: job).map { now < $0 } ?? true, "\(id) is started when its job's time is over")
    jobs[id.job]?.state = .starting
    jobs[id.job]?.attempts += 1
    if firstStarts[id.job] == nil { firstStarts[id.job] = steady }
    running[id.job] = OpenAttempt(
      id: id, place: place, demand: admission.demand, limits: Course.limits(of: job), admitted: now)
  }

  private mutating func freeze(_ id: AttemptID, at now: Timestamp) throws(BrokenRule) {
    guard let attempt = running[id.job], attempt.id == id, attempt.started != nil, attempt.terminated == nil,
      !attempt.isKilled, attempt.frozenSince == nil
    else { throw BrokenRule("\(id) is frozen and does not run") }
    let here = running.values.count { $0.place == .local }
    try BrokenRule.unless(attempt.place == .local, "\(id) is frozen and does not run here")
    try BrokenRule.unless(here > 1, "\(id) is frozen, which helps nobody: it is the only one")
    running[id.job]?.frozenSince = now
  }

  private func thaw(_ attempt: inout OpenAttempt, at now: Timestamp) {
    guard let since = attempt.frozenSince else { return }
    attempt.frozenTime += now - since
    attempt.frozenSince = nil
  }

  private mutating func terminate(_ id: AttemptID, at now: Timestamp) throws(BrokenRule) {
    guard let attempt = running[id.job], attempt.id == id, attempt.started != nil || attempt.place == .slurm
    else {
      throw BrokenRule("\(id) is terminated and does not run")
    }
    try BrokenRule.unless(attempt.terminated == nil, "\(id) is terminated twice")
    try BrokenRule.unless(attempt.frozenSince == nil, "\(id) is terminated while it is frozen")
    running[id.job]?.terminated = now
  }

  private mutating func kill(_ id: AttemptID, at now: Timestamp) throws(BrokenRule) {
    guard let attempt = running[id.job], attempt.id == id else {
      throw BrokenRule("\(id) is killed and is gone")
    }
    try BrokenRule.unless(!attempt.isKilled, "\(id) is killed twice")
    // Without a word before only if it is stuck at its memory limit, or evicted.
    if let asked = attempt.terminated {
      let grace = job(id.job).submission.terms.grace
      try BrokenRule.unless(now >= asked + grace, "\(id) is killed before its grace is over")
    }
    running[id.job]?.isKilled = true
  }

  private mutating func finish(
    _ id: AttemptID, _ end: AttemptEnd, _ next: AfterAttempt, at now: Timestamp
  ) throws(BrokenRule) {
    guard let attempt = running.removeValue(forKey: id.job), attempt.id == id else {
      throw BrokenRule("\(id) ends and does not run")
    }
    outcomes[end.outcome, default: 0] += 1
    try courses[id.job, default: Course()].note(end, next, of: job(id.job), id, policy, at: now)
    if end.outcome == .oomOwnLimit { figures.ownLimitKills += 1 }
    if end.outcome.usesAttempt { jobs[id.job]?.attemptsUsed += 1 }
    let run = attempt.began.map { max(.zero, steady - $0 - attempt.frozenTime) } ?? .zero
    attemptsByPlace[attempt.place, default: 0] += 1
    if attempt.place == .local {
      figures.use(cpuMillis: min(attempt.demand.cpuMillis, policy.capacity.cpuMillis), for: run)
    }
    switch next {
    case .done(let state, _): self.end(id.job, state, run: run)
    case .retry(let time):
      jobs[id.job]?.state = .scheduled
      jobs[id.job]?.notBefore = time
    case .requeue: jobs[id.job]?.state = .queued
    }
  }

  private mutating func unblock(
    _ id: JobID, notBefore: Timestamp?, at now: Timestamp
  ) throws(BrokenRule) {
    let job = job(id)
    try BrokenRule.unless(job.state == .blocked, "\(id) waits for nobody any more and is \(job.state)")
    try BrokenRule.unless(
      open(job).isEmpty && broken(id) == nil,
      "\(id) waits for nobody any more, but needs \(job.submission.after)")
    try BrokenRule.unless(
      notBefore == job.submission.notBefore.flatMap { $0 > now ? $0 : nil }, "\(id) forgets its time")
    jobs[id]?.state = notBefore == nil ? .queued : .scheduled
    jobs[id]?.notBefore = notBefore
  }

  private mutating func end(_ id: JobID, _ state: JobState, run: Duration) {
    jobs[id]?.state = state
    if let place = unfinished.firstIndex(of: id) { unfinished.remove(at: place) }
    figures.count(
      submitted: submissions[id] ?? steady, start: firstStarts[id], ended: steady, run: run,
      isFailed: state == .failed)
  }
}

extension Ledger {
  /// What a job depends on that has not ended.
  func open(_ job: Job) -> [Dependency] {
    job.submission.after.filter { end(of: $0) == nil }
  }

  /// Why a dependency of a job can't be met any more; nil if all can.
  func broken(_ job: Job) -> EndReason? {
    for dependency in job.submission.after {
      guard case .job(let needed) = dependency.needed, let state = end(of: dependency),
        !dependency.condition.isMet(by: state)
      else { continue }
      return .dependency(needed, state, neededAs: dependency.condition)
    }
    return nil
  }

  /// The same of the job with this number.
  func broken(_ id: JobID) -> EndReason? { broken(job(id)) }

  private func end(of dependency: Dependency) -> JobState? {
    guard case .job(let needed) = dependency.needed, job(needed).state.isFinal else { return nil }
    return job(needed).state
  }

  /// Whoever waits for others waits for one that has not ended, or is held: nobody is forgotten, and no
  /// failure stops on its way.
  func checkBlocked() throws(BrokenRule) {
    for id in unfinished where job(id).state == .blocked {
      let job = job(id)
      if broken(job) != nil {
        try BrokenRule.unless(
          job.isHeld, "\(id) waits for what can't be any more: \(job.submission.after)")
      } else {
        try BrokenRule.unless(!open(job).isEmpty, "\(id) is forgotten: all that it needs is met")
      }
    }
  }
}
