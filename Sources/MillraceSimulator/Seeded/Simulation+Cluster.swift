import MillraceCore

/// The made-up cluster, as far as the seed has one: its batch system gives nodes to attempts, its nodes fail,
/// and for a while it hears nothing and says nothing.
struct ClusterState {
  /// What the batch system is asked for.
  enum Request {
    case submit(MadeCluster.Request)
    case remove(AttemptID)
    case end(AttemptID, Simulation.Way)
  }

  var machines: MadeCluster
  /// Whether it does not answer.
  var isSilent = false
  /// What was asked for, and what is to be told, while it does not.
  var inbox: [Request] = []
  var outbox: [Event] = []
}

extension Simulation {
  /// Asks the cluster for a place; one that no node could ever run is refused.
  mutating func submit(_ id: AttemptID, _ limits: Limits) throws(BrokenRule) {
    let excluded = scheduler.excludedNodes(at: now)
    try invariants.there.check(excluded: excluded, at: now)
    guard cluster?.machines.canHold(limits) ?? false else {
      return plan(.refused(id), at: time + (live[id]?.fate.startDelay ?? .zero))
    }
    ask(.submit(MadeCluster.Request(id, limits, excluded: excluded)))
  }

  /// Asks the batch system for something, now or when it hears again.
  private mutating func ask(_ request: ClusterState.Request) {
    if cluster?.isSilent ?? true { cluster?.inbox.append(request) } else { perform(request) }
  }

  private mutating func perform(_ request: ClusterState.Request) {
    switch request {
    case .submit(let request):
      if live[request.attempt] != nil { cluster?.machines.submit(request) }
    case .remove(let id):
      guard live[id]?.started == nil, cluster?.machines.node(of: id) == nil else { return }
      planEnd(of: id, .cancelledThere, at: time)
    case .end(let id, let way):
      guard let attempt = live[id], !attempt.isCutOff else { return }
      planEnd(of: id, way, at: time + (way == .told ? attempt.fate.stopDelay : .zero), ifSooner: way == .told)
    }
  }

  /// Has the cluster end an attempt, as the scheduler wants it.
  mutating func stop(_ id: AttemptID, _ way: Way) {
    guard let attempt = live[id] else { return }
    if attempt.started == nil { return ask(.remove(id)) }
    if way == .killed || !attempt.fate.isDeaf { ask(.end(id, way)) }
  }

  /// Gives nodes to what waits there.
  mutating func placeThere() {
    guard let silent = cluster?.isSilent, !silent else { return }
    for id in cluster?.machines.place() ?? [] {
      guard let node = cluster?.machines.node(of: id), let attempt = live[id] else { continue }
      live[id]?.node = node.name
      let time = self.time + attempt.fate.startDelay
      if let loss = node.lossIsKnown {
        cutOff(id, until: loss)
      } else if node.isAtFault {
        planEnd(of: id, .nodeFault, at: time)
      } else {
        plan(.started(id), at: time)
        if attempt.fate.rise > .seconds(5) { plan(.toldAgain(id), at: time + attempt.fate.rise) }
      }
    }
  }

  private mutating func cutOff(_ id: AttemptID, until time: Duration) {
    live[id]?.isCutOff = true
    planEnd(of: id, .nodeLost, at: time)
  }

  /// Returns what the runner is told of an attempt, now or when the cluster speaks again.
  mutating func tell(_ event: Event, of id: AttemptID) -> [Event] {
    guard ledger.running[id.job]?.place == .slurm, let isSilent = cluster?.isSilent, isSilent else {
      return [event]
    }
    cluster?.outbox.append(event)
    return []
  }

  /// Lets something happen in the cluster; returns what the runner is told of it.
  mutating func happen(_ incident: Scenario.ClusterIncident) -> [Event] {
    guard let nodes = cluster?.machines.nodes else { return [] }
    switch incident {
    case .fail(let node, let detection, let outage):
      guard nodes[node].lossIsKnown == nil else { return [] }
      let known = time + detection
      cluster?.machines.change(node) { $0.lossIsKnown = known }
      for id in nodes[node].attempts.sorted() { cutOff(id, until: known) }
      plan(.outside(.cluster(.lose(node))), at: known)
      plan(.outside(.cluster(.recover(node))), at: known + outage)
      return []
    case .lose(let node):
      cluster?.machines.change(node) { $0.isKnownDown = true }
      return []
    case .recover(let node):
      cluster?.machines.change(node) { ($0.isKnownDown, $0.lossIsKnown) = (false, nil) }
      return []
    case .fault(let node, let isAtFault):
      cluster?.machines.change(node) { $0.isAtFault = isAtFault }
      return []
    case .silence(let isSilent):
      return silence(isSilent)
    case .interrupt(let way, let lot):
      let running = live.values.filter { $0.node != nil && $0.started != nil && !$0.isCutOff }
        .map(\.id).sorted()
      guard !running.isEmpty else { return [] }
      planEnd(of: running[lot % running.count], way, at: time)
      return []
    case .look:
      if time < scenario.lastIncident {
        plan(.outside(.cluster(.look)), at: time + scenario.looking)
      } else if !ledger.unfinished.isEmpty {
        // With a clock that was set, a rate may keep jobs waiting for a day.
        plan(.outside(.cluster(.look)), at: time + .seconds(120))
      }
      leaveOut()
      let trouble = cluster?.isSilent ?? true ? "the batch system does not answer" : nil
      return (cluster?.machines.standing(trouble: trouble, at: now)).map { [.cluster($0)] } ?? []
    }
  }

  /// Has what waits there leave out the nodes that cool down: those of another time may be all that it could
  /// get, and one at fault would take all that waits.
  mutating func leaveOut() {
    let excluded = scheduler.excludedNodes(at: now)
    if !(cluster?.isSilent ?? true) { cluster?.machines.exclude(excluded) }
  }

  private mutating func silence(_ isSilent: Bool) -> [Event] {
    guard let before = cluster, before.isSilent != isSilent else { return [] }
    cluster?.isSilent = isSilent
    guard !isSilent else { return [] }
    cluster?.inbox = []
    cluster?.outbox = []
    for request in before.inbox { perform(request) }
    return before.outbox
  }

  /// After how long the cluster ends an attempt for its time limit; nil if it ends before, or the runner is
  /// to see to that itself.
  func limitThere(_ attempt: Live) -> Duration? {
    let timeout = Course.timeout(of: ledger.job(attempt.id.job))
    guard attempt.place == .slurm, attempt.fate.run > timeout, attempt.fate.rise < .seconds(5) else {
      return nil
    }
    return max(.zero, timeout - .milliseconds(500))
  }

  /// Whether a job that is too large for this machine can run in the cluster.
  func mayRunThere(_ job: Job) -> Bool {
    [.slurm, .auto].contains(job.submission.terms.place) && scenario.policy.cluster != nil
  }

  /// What is told of the end of an attempt there.
  func reportThere(_ attempt: Live, _ way: Way, _ report: AttemptReport) -> AttemptReport {
    var report = report
    report.whereabouts = Whereabouts(clusterJob: "\(attempt.id)", node: attempt.node)
    report.interruption =
      switch way {
      case .nodeLost: .nodeLost
      case .nodeFault: .nodeFault("the plugin is not there")
      case .preempted: .preempted
      case .cancelledThere: .cancelled
      case .timeLimit: .timeLimit
      case .ownLimit: .outOfMemory
      case .itself, .told, .killed, .machine, .lost: nil
      }
    return report
  }
}
