import MillraceCore

/// The jobs of a simulation, with the rules of the store: a step from any other state is an error.
struct Ledger {
  /// An attempt that has not ended.
  struct OpenAttempt {
    var id: AttemptID
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
  /// Jobs that have not ended, in order.
  private(set) var unfinished: [JobID] = []
  private(set) var running: [JobID: OpenAttempt] = [:]
  private var everStarted: Set<AttemptID> = []
  /// The machine's steady time, which figures go by: the runner's may be stepped between two runners.
  var steady = Timestamp(microseconds: 0)
  private var submissions: [JobID: Timestamp] = [:]
  private var firstStarts: [JobID: Timestamp] = [:]
  private var losses: [JobID: Int] = [:]
  /// What ended attempts have shown, in the order of their ends.
  private(set) var evidence: [Evidence] = []
  private(set) var outcomes: [Outcome: Int] = [:]
  private(set) var figures: WorkloadFigures
  private let cpuMillis: Int64

  init(cpuMillis: Int64) {
    self.cpuMillis = cpuMillis
    figures = WorkloadFigures(cpuMillis: cpuMillis)
  }

  func job(_ id: JobID) -> Job {
    guard let job = jobs[id] else { preconditionFailure("job \(id) is not on record") }
    return job
  }

  func losses(of id: JobID) -> Int { losses[id] ?? 0 }

  mutating func accept(_ job: Job) {
    jobs[job.id] = job
    submissions[job.id] = steady
    unfinished.append(job.id)
  }

  mutating func refuse() { figures.refused += 1 }

  mutating func countMemoryKill() { figures.outOfMemoryKills += 1 }

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

  /// A new runner has not found an attempt; `isLast` if the job has failed by that.
  mutating func lose(_ id: AttemptID, isLast: Bool, at now: Timestamp) throws(BrokenRule) {
    try finish(id, AttemptEnd(outcome: .lost, ended: now), isLast ? .done(.failed) : .requeue, at: now)
  }

  mutating func perform(_ action: Action, at now: Timestamp) throws(BrokenRule) {
    switch action {
    case .start(let id, _, let admission): try start(id, admission, at: now)
    case .markRunning(let id):
      try BrokenRule.unless(
        running[id.job]?.id == id && running[id.job]?.started == nil, "\(id) exists twice")
      running[id.job]?.started = now
      running[id.job]?.began = steady
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
    case .cancelled(let job):
      let state = self.job(job).state
      try BrokenRule.unless([.queued, .scheduled].contains(state), "\(job) is cancelled while \(state)")
      end(job, .cancelled, run: .zero)
    case .due(let job):
      let entry = self.job(job)
      try BrokenRule.unless(entry.state == .scheduled, "\(job) is due while \(entry.state)")
      try BrokenRule.unless(entry.notBefore.map { $0 <= now } ?? false, "\(job) is due too early")
      jobs[job]?.state = .queued
      jobs[job]?.notBefore = nil
    case .reprioritised(let job, let priority):
      try BrokenRule.unless(!self.job(job).state.isFinal, "\(job) has ended and gets another priority")
      jobs[job]?.submission.priority = priority
    case .notice(.evicted): figures.evictions += 1
    case .notice: break
    }
  }

  private mutating func start(_ id: AttemptID, _ admission: Admission, at now: Timestamp) throws(BrokenRule) {
    let job = job(id.job)
    try BrokenRule.unless(everStarted.insert(id).inserted, "\(id) is started twice")
    try BrokenRule.unless(
      job.state == .queued && running[id.job] == nil, "\(id) is started while \(job.state)")
    try BrokenRule.unless(id.number == job.attempts + 1, "\(id) is started after attempt \(job.attempts)")
    try BrokenRule.unless(
      job.attemptsUsed < job.submission.terms.maxAttempts, "\(id) is one attempt too many")
    jobs[id.job]?.state = .starting
    jobs[id.job]?.attempts += 1
    if firstStarts[id.job] == nil { firstStarts[id.job] = steady }
    running[id.job] = OpenAttempt(
      id: id, demand: admission.demand, limits: job.submission.terms.limits, admitted: now)
  }

  private mutating func freeze(_ id: AttemptID, at now: Timestamp) throws(BrokenRule) {
    guard let attempt = running[id.job], attempt.id == id, attempt.started != nil, attempt.terminated == nil,
      !attempt.isKilled, attempt.frozenSince == nil
    else { throw BrokenRule("\(id) is frozen and does not run") }
    try BrokenRule.unless(running.count > 1, "\(id) is frozen, which helps nobody: it is the only one")
    running[id.job]?.frozenSince = now
  }

  private func thaw(_ attempt: inout OpenAttempt, at now: Timestamp) {
    guard let since = attempt.frozenSince else { return }
    attempt.frozenTime += now - since
    attempt.frozenSince = nil
  }

  private mutating func terminate(_ id: AttemptID, at now: Timestamp) throws(BrokenRule) {
    guard let attempt = running[id.job], attempt.id == id, attempt.started != nil else {
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
    losses[id.job] = end.outcome == .lost ? losses(of: id.job) + 1 : 0
    if end.outcome == .oomOwnLimit { figures.ownLimitKills += 1 }
    if end.outcome.usesAttempt { jobs[id.job]?.attemptsUsed += 1 }
    let run = attempt.began.map { max(.zero, steady - $0 - attempt.frozenTime) } ?? .zero
    figures.use(cpuMillis: min(attempt.demand.cpuMillis, cpuMillis), for: run)
    switch next {
    case .done(let state): self.end(id.job, state, run: run)
    case .retry(let time):
      jobs[id.job]?.state = .scheduled
      jobs[id.job]?.notBefore = time
    case .requeue: jobs[id.job]?.state = .queued
    }
  }

  private mutating func end(_ id: JobID, _ state: JobState, run: Duration) {
    jobs[id]?.state = state
    if let place = unfinished.firstIndex(of: id) { unfinished.remove(at: place) }
    figures.count(
      submitted: submissions[id] ?? steady, start: firstStarts[id], ended: steady, run: run,
      isFailed: state == .failed)
  }
}
