import MillraceCore

/// The real scheduler before a large cluster. Each event is one decision; what it decides is checked against
/// what was told and done so far, at a cost that does not grow with the number of jobs.
package struct ClusterTrial {
  enum Incident {
    case submission
    case started(AttemptID), toldAgain(AttemptID)
    case ended(AttemptID, plan: Int, Interruption?)
    case cancel(JobID)
    case fail(Int), lose(Int), recover(Int), fault(Int, Bool), silence(Bool)
    case look
  }

  /// An attempt as its machine has it.
  struct Live {
    var place: Place
    var kind: Int
    var limits: Limits
    var admitted: Timestamp
    var placed: Timestamp?
    var started: Timestamp?
    /// Its end as it is planned; one of another plan is void.
    var plan = 0
    var isCutOff = false
  }

  let workload: ClusterWorkload
  let kinds: [ClusterWorkload.Kind]
  var scheduler: Scheduler
  var machines: MadeCluster
  var agenda = Agenda<Incident>()
  var live: [AttemptID: Live] = [:]
  var now = Timestamp(microseconds: 0)
  var random: SeededGenerator
  /// Whether the batch system does not answer; what it is asked for and tells meanwhile.
  var isSilent = false
  var inbox: [MadeCluster.Request] = []
  var stops: [AttemptID] = []
  var outbox: [Event] = []
  var record: ClusterRecord
  package var figures: ClusterFigures { record.figures }
  private var submitted: Int64 = 0
  private let gap: Int64
  private let keepsTrace: Bool
  /// Rows of time and action, if they are kept.
  package private(set) var trace: [String] = []

  /// Prepares it.
  package init(_ workload: ClusterWorkload, keepsTrace: Bool = false) {
    self.workload = workload
    self.keepsTrace = keepsTrace
    kinds = workload.kinds()
    gap = workload.gap(kinds)
    random = SeededGenerator(seed: ~workload.seed)
    scheduler = Scheduler(policy: workload.policy)
    machines = MadeCluster(
      (0..<workload.nodes).map { place in
        MadeCluster.Node(
          name: "n\(place)", processors: ClusterWorkload.processorsPerNode,
          memory: ClusterWorkload.memoryPerNode)
      })
    record = ClusterRecord(workload)
    planTroubles()
    agenda.plan(.submission, at: 0)
    agenda.plan(.look, at: 0)
  }

  /// Works until every job has ended.
  /// - Throws: the first rule that the scheduler broke, with the seed and the time.
  package mutating func run() throws(BrokenRule) {
    do throws(BrokenRule) {
      try decide([.handlers(Dictionary(uniqueKeysWithValues: kinds.map { ($0.name, HandlerRules()) }))])
      while let time = [agenda.nextTime, nextTime()].compactMap(\.self).min() {
        guard record.unfinished > 0 || submitted < workload.jobs else { break }
        now = max(now, Timestamp(rawValue: time))
        if agenda.nextTime == time, let (_, incident) = agenda.next() {
          for event in happen(incident) { try decide([event]) }
        } else {
          try decide([.timer])
        }
        placeThere()
      }
      try record.checkEnd()
    } catch {
      throw BrokenRule("seed \(workload.seed) at \(now.rawValue): \(error)")
    }
  }

  private mutating func nextTime() -> Int64? {
    record.figures.times.measure { scheduler.nextTime?.rawValue }
  }

  /// Feeds an event in, checks what comes of it, and lets the machines do it.
  private mutating func decide(_ events: [Event]) throws(BrokenRule) {
    for event in events { record.there.note(event, scheduler.policy.cluster, at: now) }
    let actions = record.figures.events.measure { scheduler.handle(events, at: now) }
    for action in actions {
      if keepsTrace { trace.append("\(now.rawValue) \(action)") }
      if case .start(_, _, _, .slurm) = action {
        try record.there.check(excluded: scheduler.excludedNodes(at: now), at: now)
      }
      try record.perform(action, at: now)
      perform(action)
    }
  }

  private mutating func perform(_ action: Action) {
    switch action {
    case .start(let id, let job, _, let place):
      guard let kind = kinds.firstIndex(where: { $0.name == job.handler }) else { return }
      live[id] = Live(place: place, kind: kind, limits: job.limits, admitted: now)
      guard place == .slurm else { return plan(.started(id), after: .milliseconds(10)) }
      let request = MadeCluster.Request(id, job.limits, excluded: scheduler.excludedNodes(at: now))
      if isSilent { inbox.append(request) } else { machines.submit(request) }
    case .terminate(let id), .kill(let id):
      if isSilent, live[id]?.place == .slurm { stops.append(id) } else { stop(id) }
    case .notice(.nodeFault): leaveOut()
    default: break
    }
  }

  /// Has what waits there leave out the nodes that cool down.
  mutating func leaveOut() {
    if !isSilent { machines.exclude(scheduler.excludedNodes(at: now)) }
  }

  mutating func plan(_ incident: Incident, after span: Duration) {
    agenda.plan(incident, at: (now + span).rawValue)
  }

  /// Plans an end in the place of the one that is planned.
  mutating func planEnd(of id: AttemptID, _ interruption: Interruption?, after span: Duration) {
    guard let attempt = live[id] else { return }
    live[id]?.plan = attempt.plan + 1
    plan(.ended(id, plan: attempt.plan + 1, interruption), after: span)
  }

  private mutating func stop(_ id: AttemptID) {
    guard let attempt = live[id], !attempt.isCutOff else { return }
    planEnd(of: id, .cancelled, after: attempt.started == nil ? .zero : .seconds(1))
  }

  /// The next job, and when the one after it comes.
  mutating func submit() -> [Event] {
    submitted += 1
    let job = workload.job(submitted, kinds, at: now)
    if submitted < workload.jobs { agenda.plan(.submission, at: submitted * gap) }
    if random.oneIn(100) { plan(.cancel(job.id), after: random.seconds(0...1200)) }
    record.accept(job, at: now)
    let open = job.submission.after.filter { dependency in
      if case .job(let needed) = dependency.needed { !record.hasEnded(needed) } else { false }
    }
    let waiting = WaitingJob(job)
    return open.isEmpty ? [.submitted([waiting])] : [.blocked([BlockedJob(waiting, waitsFor: open)])]
  }
}
