import MillraceCore

/// What is on record of the jobs of a cluster, with what must hold of each step.
struct ClusterRecord {
  private struct Entry {
    var place: Placement
    var state = JobState.queued
    var attempts = 0
    var lives: AttemptID?
    var livesThere = false
    /// Whether its node failed it, so that it must run again.
    var isOwed = false
  }

  var there = ClusterInvariants()
  var figures = ClusterFigures()
  private(set) var unfinished = 0
  private var jobs: [Entry] = []
  private var here = 0
  private var outstanding = 0
  private let policy: Policy

  init(_ workload: ClusterWorkload) {
    policy = workload.policy
    jobs.reserveCapacity(workload.jobs)
    figures.processors = workload.nodes * ClusterWorkload.processorsPerNode
  }

  func hasEnded(_ job: JobID) -> Bool { self[job].state.isFinal }

  /// Takes a job in; its number is one more than that of the one before.
  mutating func accept(_ job: Job, at now: Timestamp) {
    jobs.append(Entry(place: job.submission.terms.place ?? .local))
    unfinished += 1
  }

  /// Counts processors that an attempt had.
  mutating func use(_ limits: Limits, for span: Duration) {
    figures.processorTime += Double((limits.cpuMillis + 999) / 1000) * Double(span.microseconds)
  }

  mutating func perform(_ action: Action, at now: Timestamp) throws(BrokenRule) {
    switch action {
    case .start(let id, _, let admission, let place): try start(id, admission, place, at: now)
    case .finish(let id, let end, let next): try finish(id, end, next, at: now)
    case .close(let job, let state, _):
      try BrokenRule.unless(self[job].lives == nil, "\(job) is closed while it runs")
      try close(job, state, at: now)
    default: break
    }
  }

  private mutating func start(
    _ id: AttemptID, _ admission: Admission, _ place: Place, at now: Timestamp
  ) throws(BrokenRule) {
    let job = self[id.job]
    try BrokenRule.unless(id.number == job.attempts + 1, "\(id) is started after attempt \(job.attempts)")
    try BrokenRule.unless(job.lives == nil && !job.state.isFinal, "\(id) is started beside another attempt")
    switch place {
    case .local:
      try BrokenRule.unless(job.place != .slurm, "\(id) is started here, where it must not be")
      try BrokenRule.unless(
        here < policy.capacity.slots && admission.used.slots == here,
        "\(id) is started beside \(here), admission counted \(admission.used.slots)")
      here += 1
    case .slurm:
      try BrokenRule.unless(job.place != .local, "\(id) is started in the cluster, where it must not be")
      try there.check(id, at: now)
      let bound = policy.cluster?.outstanding ?? 0
      try BrokenRule.unless(outstanding < bound, "\(id) is started as number \(outstanding + 1) of \(bound)")
      outstanding += 1
      figures.mostOutstanding = max(figures.mostOutstanding, outstanding)
    }
    if job.isOwed { figures.runAgain += 1 }
    self[id.job].isOwed = false
    self[id.job].attempts += 1
    self[id.job].lives = id
    self[id.job].livesThere = place == .slurm
  }

  private mutating func finish(
    _ id: AttemptID, _ end: AttemptEnd, _ next: AfterAttempt, at now: Timestamp
  ) throws(BrokenRule) {
    let job = self[id.job]
    try BrokenRule.unless(job.lives == id, "\(id) ends and does not run")
    self[id.job].lives = nil
    if job.livesThere { outstanding -= 1 } else { here -= 1 }
    figures.outcomes[end.outcome, default: 0] += 1
    figures.places[job.livesThere ? .slurm : .local, default: 0] += 1
    if case .done(let state, _) = next { return try close(id.job, state, at: now) }
    self[id.job].isOwed = end.outcome == .lost
  }

  private mutating func close(_ id: JobID, _ state: JobState, at now: Timestamp) throws(BrokenRule) {
    try BrokenRule.unless(!self[id].state.isFinal, "\(id) ends twice")
    self[id].state = state
    self[id].isOwed = false
    unfinished -= 1
    figures.states[state, default: 0] += 1
    figures.makespan = now - Timestamp(microseconds: 0)
  }

  /// Every job has ended, and nothing is left of any.
  func checkEnd() throws(BrokenRule) {
    let left = jobs.indices.filter { !jobs[$0].state.isFinal }
    let first = left.first.map { $0 + 1 } ?? 0
    try BrokenRule.unless(left.isEmpty, "\(left.count) jobs never end, the first is \(first)")
    try BrokenRule.unless(outstanding == 0 && here == 0, "attempts are left over: \(outstanding) and \(here)")
  }

  private subscript(job: JobID) -> Entry {
    get { jobs[Int(job.rawValue) - 1] }
    set { jobs[Int(job.rawValue) - 1] = newValue }
  }
}
