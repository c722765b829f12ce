extension Scheduler {
  /// The attempts that have not ended in the cluster.
  package var outstanding: Int { running.there.count }

  /// The nodes that get no attempts now, for they have failed some by their own fault; by name.
  package func excludedNodes(at now: Timestamp) -> [String] { nodes.excluded(at: now) }

  /// Until when a node gets no attempts; nil if it may get some.
  package func coolsUntil(node: String, at now: Timestamp) -> Timestamp? { nodes.coolsUntil(node, at: now) }

  /// Returns what a job is expected to need and how long it is expected to run by what other attempts have
  /// shown; nil where that is too little.
  package func learnedNeed(of job: WaitingJob) -> (need: Resources?, run: Duration?) {
    let estimate = estimates.estimate(for: job)
    return (
      estimate.memoryBasis == .declared ? nil : demand(of: job, estimate),
      estimate.runBasis == .declared ? nil : estimate.expectedRun
    )
  }

  /// Where a job may run: one that may run here or there and is too large for this machine, only there.
  func placement(of job: WaitingJob, needing demand: Resources) -> Placement {
    let wanted = job.terms.place ?? .local
    guard wanted == .auto else { return wanted }
    guard policy.cluster != nil else { return .local }
    return policy.fits(demand, beside: Resources()) ? .auto : .slurm
  }

  /// Starts there what may only run there, and what may run anywhere while the queue here is long: in the
  /// order of rank.
  mutating func startOnCluster(_ offsets: [Int64], at now: Timestamp) -> [Action] {
    guard lanes.contains(where: { !$0.isEmpty && $0.key.placement != .local }), let rules = policy.cluster,
      !isDraining, pause == nil, clusterVerdict(at: now).isOpen
    else { return [] }
    // What must run there needs no look at the queue here.
    let isAuto = lanes.contains { !$0.isEmpty && $0.key.placement == .auto }
    var queue = isAuto ? expectedLength(at: now) : .zero
    let used = used(at: now)
    var actions: [Action] = []
    for _ in outstanding..<max(rules.outstanding, outstanding) {
      let next = first(offsets) { lane in
        mayMove(lane, from: queue, rules) && isOpen(lane, at: now)
      }
      guard let next, let job = waiting[next.job] else { break }
      let estimate = estimates.estimate(for: job)
      let demand = demand(of: job, estimate)
      if next.lane.key.placement == .auto { queue -= work(of: job) }
      actions.append(
        start(job, estimate, demand, on: .slurm, used: used, isBackfill: false, at: now))
    }
    return actions
  }

  /// Whether the first job of a lane may go there while this machine is expected to need so long for its own.
  private func mayMove(_ lane: Lane, from queue: Duration, _ rules: ClusterRules) -> Bool {
    switch lane.key.placement {
    case .local: return false
    case .slurm: return true
    case .auto:
      guard let job = lane.first.flatMap({ waiting[$0.member] }) else { return false }
      return queue - work(of: job) > rules.autoWait
    }
  }

  /// How long this machine is expected to need for what runs and what waits, each with the part of it that it
  /// takes. The jobs of a lane are counted like its first one.
  func expectedLength(at now: Timestamp) -> Duration {
    let rest = running.here.values.reduce(Duration.zero) { sum, attempt in
      let left = max(.zero, attempt.expectedEnd(at: now) - now)
      return sum + left * share(of: attempt.footprint.resources(at: now, policy: policy))
    }
    return lanes.reduce(rest) { sum, lane in
      guard lane.key.placement != .slurm, let job = lane.first.flatMap({ waiting[$0.member] }) else {
        return sum
      }
      return sum + work(of: job) * lane.count
    }
  }

  /// How long a job would take if it took all of this machine.
  private func work(of job: WaitingJob) -> Duration {
    job.expectedRun * share(of: demand(of: job, estimates.estimate(for: job)))
  }

  /// The part of this machine that is taken, its slots counted too.
  private func share(of demand: Resources) -> Double {
    max(policy.part(of: demand), Double(demand.slots) / Double(max(1, policy.capacity.slots)))
  }

  /// Whether the cluster takes attempts now.
  func clusterVerdict(at now: Timestamp) -> GateVerdict {
    guard let rules = policy.cluster else {
      return GateVerdict(gate: .cluster, isOpen: false, subject: "the configuration has no `slurm`")
    }
    guard let cluster else {
      return GateVerdict(gate: .cluster, isOpen: false, subject: "the cluster has not answered yet")
    }
    if let trouble = cluster.trouble { return GateVerdict(gate: .cluster, isOpen: false, subject: trouble) }
    let out = outstanding
    let cooling = nodes.cooling(at: now).filter { usableNodes.contains($0.node) }
    if cooling.count == usableNodes.count {
      return GateVerdict(
        gate: .cluster, isOpen: false, opensAt: cooling.map(\.until).min(),
        subject: "no node can be used: \(states(of: cluster.nodes, at: now))")
    }
    return GateVerdict(
      gate: .cluster, isOpen: out < rules.outstanding, used: Int64(out), capacity: Int64(rules.outstanding))
  }

  /// How nodes are, by name: of ten, the others are counted.
  private func states(of nodes: [ClusterNode], at now: Timestamp) -> String {
    guard !nodes.isEmpty else { return "the cluster has none" }
    let states = nodes.prefix(10).map { node in
      "\(node.name) \(coolsUntil(node: node.name, at: now) == nil ? node.state.rawValue : "cools down")"
    }
    let rest = nodes.count - states.count
    return states.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }

  /// The same for one job that may run there: one that may also run here goes there only from a long queue.
  func clusterVerdict(on job: WaitingJob, at now: Timestamp) -> GateVerdict {
    let verdict = clusterVerdict(at: now)
    guard verdict.isOpen, job.placement == .auto, let rules = policy.cluster else { return verdict }
    let wait = max(.zero, expectedLength(at: now) - work(of: job))
    return GateVerdict(
      gate: .cluster, isOpen: wait > rules.autoWait,
      subject: "the queue here takes \(wait.text), up to \(rules.autoWait.text) its jobs stay here")
  }

  /// When time alone may open the cluster; nil if it can't.
  func clusterOpening(at now: Timestamp) -> Timestamp? {
    policy.cluster == nil ? nil : clusterVerdict(at: now).opensAt
  }

  /// Takes in how the cluster is.
  mutating func take(_ standing: ClusterStanding) -> [Action] {
    let before = cluster
    cluster = standing
    usableNodes = Set(standing.nodes.filter { $0.state == .idle || $0.state == .busy }.map(\.name))
    guard before?.trouble != standing.trouble, before != nil || standing.trouble != nil else { return [] }
    // Another reason is no news while it can't be used.
    if before?.trouble != nil, standing.trouble != nil { return [] }
    return [.notice(.cluster(trouble: standing.trouble))]
  }

  /// Notes what the end of an attempt says of its node.
  mutating func judgeNode(of report: AttemptReport, at now: Timestamp) -> [Action] {
    guard let node = report.whereabouts?.node else { return [] }
    guard case .nodeFault(let reason) = report.interruption else {
      if report.interruption != .nodeLost { nodes.success(of: node, at: now) }
      return []
    }
    let isNews = nodes.coolsUntil(node, at: now) == nil
    let until = nodes.fault(of: node, at: now, policy.cluster ?? ClusterRules())
    return isNews ? [.notice(.nodeFault(node, coolsFor: until - now, because: reason))] : []
  }

  /// The most memory that an attempt at a job can get.
  func largestMemory(for job: WaitingJob) -> Bytes {
    let here = min(policy.capacity.memory, policy.capacity.committed)
    guard policy.cluster != nil, let place = job.terms.place, place != .local else { return here }
    let there = cluster?.nodes.map(\.memory).max()
    return place == .auto ? max(here, there ?? here) : there ?? here
  }
}
