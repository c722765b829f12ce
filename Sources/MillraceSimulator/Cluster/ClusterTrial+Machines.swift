import MillraceCore

extension ClusterTrial {
  /// What goes wrong, while jobs come.
  mutating func planTroubles() {
    let horizon = Int64(workload.jobs) * workload.gap(kinds) / 1_000_000
    func any(_ random: inout SeededGenerator) -> Int64 {
      Int64.random(in: 0...max(1, horizon), using: &random)
    }
    for _ in 0..<workload.failures {
      agenda.plan(.fail(Int.random(in: 0..<workload.nodes, using: &random)), at: any(&random) * 1_000_000)
    }
    for _ in 0..<workload.failures / 2 {
      let (node, time) = (Int.random(in: 0..<workload.nodes, using: &random), any(&random))
      agenda.plan(.fault(node, true), at: time * 1_000_000)
      agenda.plan(.fault(node, false), at: (time + Int64.random(in: 60...1800, using: &random)) * 1_000_000)
    }
    for _ in 0..<3 where workload.failures > 0 {
      let time = any(&random)
      agenda.plan(.silence(true), at: time * 1_000_000)
      agenda.plan(.silence(false), at: (time + 120) * 1_000_000)
    }
  }

  /// Lets something happen; returns what the runner is told of it.
  mutating func happen(_ incident: Incident) -> [Event] {
    switch incident {
    case .submission: return submit()
    case .cancel(let job): return record.hasEnded(job) ? [] : [.cancel(job)]
    case .started(let id): return begin(id)
    case .toldAgain(let id): return tell(.started(id), of: .slurm)
    case .ended(let id, let plan, let interruption):
      return live[id]?.plan == plan ? end(id, interruption) : []
    case .fail(let node):
      guard machines.nodes[node].lossIsKnown == nil else { return [] }
      record.figures.nodeFailures += 1
      let detection = random.seconds(1...60)
      let known = Duration.microseconds((now + detection).rawValue)
      machines.change(node) { $0.lossIsKnown = known }
      for id in machines.nodes[node].attempts.sorted() { cutOff(id, after: detection) }
      plan(.lose(node), after: detection)
      plan(.recover(node), after: detection + random.seconds(60...1800))
      return []
    case .lose(let node):
      machines.change(node) { $0.isKnownDown = true }
      return []
    case .recover(let node):
      machines.change(node) { ($0.isKnownDown, $0.lossIsKnown) = (false, nil) }
      return []
    case .fault(let node, let isAtFault):
      if isAtFault { record.figures.nodeFaults += 1 }
      machines.change(node) { $0.isAtFault = isAtFault }
      return []
    case .silence(let isSilent): return silence(isSilent)
    case .look:
      plan(.look, after: .seconds(10))
      leaveOut()
      return [.cluster(machines.standing(trouble: isSilent ? "it does not answer" : nil, at: now))]
    }
  }

  /// Gives nodes to what waits there.
  mutating func placeThere() {
    guard !isSilent else { return }
    for id in machines.place() {
      guard let node = machines.node(of: id) else { continue }
      live[id]?.placed = now
      if let known = node.lossIsKnown {
        cutOff(id, after: max(.zero, known - .microseconds(now.rawValue)))
      } else if node.isAtFault {
        planEnd(of: id, .nodeFault("the plugin is not there"), after: .seconds(1))
      } else {
        plan(.started(id), after: .seconds(1))
      }
    }
  }

  private mutating func cutOff(_ id: AttemptID, after span: Duration) {
    live[id]?.isCutOff = true
    planEnd(of: id, .nodeLost, after: span)
  }

  private mutating func begin(_ id: AttemptID) -> [Event] {
    guard let attempt = live[id], attempt.started == nil, !attempt.isCutOff else { return [] }
    live[id]?.started = now
    planEnd(of: id, nil, after: workload.fate(of: id, kinds[attempt.kind]).run)
    if attempt.place == .slurm, random.oneIn(50) { plan(.toldAgain(id), after: random.seconds(1...600)) }
    return tell(.started(id), of: attempt.place)
  }

  private mutating func end(_ id: AttemptID, _ interruption: Interruption?) -> [Event] {
    guard let attempt = live.removeValue(forKey: id) else { return [] }
    var report = AttemptReport(exit: nil, usage: Usage(), word: nil)
    switch interruption {
    case .nodeLost: record.figures.lost += 1
    case .nodeFault: record.figures.refusedByNodes += 1
    default: break
    }
    if interruption == nil { report = workload.fate(of: id, kinds[attempt.kind]).report }
    if attempt.place == .slurm {
      report.whereabouts = Whereabouts(clusterJob: "\(id)", node: machines.node(of: id)?.name)
      report.interruption = interruption
      machines.remove(id)
      if let placed = attempt.placed { record.use(attempt.limits, for: now - placed) }
    }
    return tell(.ended(id, report), of: attempt.place)
  }

  /// What the runner is told, now or when the batch system answers again.
  private mutating func tell(_ event: Event, of place: Place) -> [Event] {
    guard isSilent, place == .slurm else { return [event] }
    outbox.append(event)
    return []
  }

  private mutating func silence(_ isSilent: Bool) -> [Event] {
    self.isSilent = isSilent
    guard !isSilent else { return [] }
    for request in inbox where live[request.attempt] != nil { machines.submit(request) }
    for id in stops where live[id] != nil { planEnd(of: id, .cancelled, after: .zero) }
    let told = outbox
    (inbox, stops, outbox) = ([], [], [])
    return told
  }
}
