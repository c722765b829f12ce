import MillraceCore

/// What must hold of attempts in the cluster, checked against what was told alone.
struct ClusterInvariants {
  private struct Fault {
    var count: Int
    var until: Timestamp
  }

  private(set) var standing: ClusterStanding?
  private var faults: [String: Fault] = [:]
  /// The most that a job in the cluster can have.
  var largestNode: Bytes { standing?.nodes.map(\.memory).max() ?? .zero }

  /// A new runner knows nothing of the cluster.
  mutating func restart() { self = ClusterInvariants() }

  /// Takes in what the runner is told.
  mutating func note(_ event: Event, _ rules: ClusterRules?, at now: Timestamp) {
    if case .cluster(let standing) = event { self.standing = standing }
    guard case .ended(_, let report) = event, let node = report.whereabouts?.node, let rules else { return }
    let isCooling = isCooling(node, at: now)
    switch report.interruption {
    case .nodeFault:
      guard !isCooling else { return }
      let count = (faults[node]?.count ?? 0) + 1
      var wait = rules.coolDown
      for _ in 1..<count { wait = min(wait * 2, rules.longestCoolDown) }
      faults[node] = Fault(count: count, until: now + min(wait, rules.longestCoolDown))
    case .nodeLost: break
    case .timeLimit, .outOfMemory, .preempted, .cancelled, .deadline, nil:
      if !isCooling { faults[node] = nil }
    }
  }

  private func isCooling(_ node: String, at now: Timestamp) -> Bool {
    faults[node].map { $0.until > now } ?? false
  }

  /// What is left out is what cools down.
  func check(excluded: [String], at now: Timestamp) throws(BrokenRule) {
    let cooling = faults.keys.filter { isCooling($0, at: now) }.sorted()
    try BrokenRule.unless(excluded == cooling, "\(excluded) are left out at \(now.rawValue), not \(cooling)")
  }

  /// Nothing starts there while it can't be used.
  func check(_ id: AttemptID, at now: Timestamp) throws(BrokenRule) {
    guard let standing else { throw BrokenRule("\(id) is started in a cluster of which nothing is known") }
    try BrokenRule.unless(
      standing.trouble == nil, "\(id) is started in the cluster in spite of: \(standing.trouble ?? "")")
    let usable = standing.nodes.filter { $0.state == .idle || $0.state == .busy }
    try BrokenRule.unless(
      usable.contains { !isCooling($0.name, at: now) },
      "\(id) is started in the cluster and every node is down or cools down")
  }
}

extension Invariants {
  /// Checks the start of an attempt in the cluster before it is on record.
  mutating func checkThere(
    _ id: AttemptID, _ admission: Admission, _ ledger: Ledger, at now: Timestamp
  ) throws(BrokenRule) {
    let job = ledger.job(id.job)
    guard let rules = policy.cluster, job.submission.terms.place ?? .local != .local else {
      throw BrokenRule("\(id) is started in the cluster, where it must not be")
    }
    try there.check(id, at: now)
    let outstanding = ledger.running.values.count { $0.place == .slurm }
    try BrokenRule.unless(
      outstanding < rules.outstanding, "\(id) is started as number \(outstanding + 1) of \(rules.outstanding)"
    )
    try BrokenRule.unless(!admission.isBackfill, "\(id) is backfilled in the cluster")
    try checkHandler(of: job, ledger, at: now)
    for other in waiting(ledger, at: now)
    where other.id != job.id && other.submission.terms.place == .slurm {
      try checkTurn(of: job, before: other)
    }
    guard job.submission.terms.place == .auto, isSmall(job) else { return }
    let longest = longestWait(ledger, at: now)
    try BrokenRule.unless(
      longest > rules.autoWait,
      "\(id) is started in the cluster and the queue here takes \(longest.text) at most")
  }

  /// Whether a job certainly fits this machine, whatever is learned of it.
  func isSmall(_ job: Job) -> Bool {
    let limit = Course.limits(of: job).memory
    return limit <= policy.capacity.memory && limit <= policy.capacity.committed
  }

  /// How long the queue here can take at most: what is learned of jobs is never more than their limits.
  private func longestWait(_ ledger: Ledger, at now: Timestamp) -> Duration {
    let jobs = ledger.unfinished.map { ledger.job($0) }
    var most: [String: (work: Duration, count: Int)] = [:]
    var sum = Duration.zero
    for job in jobs where ledger.running[job.id]?.place ?? .local == .local {
      let length = Course.timeout(of: job) + job.submission.terms.grace
      let work = length * part(Course.limits(of: job))
      if ledger.running[job.id] != nil {
        sum += work
      } else if job.state == .queued, !job.isHeld, job.submission.terms.place != .slurm {
        // Of one lane, each counts like the first.
        let (before, count) = most[job.submission.handler] ?? (.zero, 0)
        most[job.submission.handler] = (max(before, work), count + 1)
      }
    }
    return most.values.reduce(sum) { $0 + $1.work * $1.count }
  }

  private func part(_ limits: Limits) -> Double {
    let memory = Double(limits.memory.rawValue) / Double(max(1, policy.capacity.memory.rawValue))
    let processors = Double(limits.cpuMillis) / Double(max(1, policy.capacity.cpuMillis))
    return min(1, max(memory, processors, 1 / Double(max(1, policy.capacity.slots))))
  }

  /// A job that may run in the cluster only and whose turn it is waits only if the cluster can't be used.
  func headThere(_ ledger: Ledger, at now: Timestamp) -> Job? {
    waiting(ledger, at: now).first { $0.submission.terms.place == .slurm }
  }
}
