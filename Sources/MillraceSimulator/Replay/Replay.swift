package import MillraceCore

/// Known jobs on a made-up machine, decided on by the real scheduler.
///
/// All that happens in one moment is one decision: ends first, in the order of their planning, then what grew
/// and what is due, then submissions in their order.
package struct Replay {
  enum Incident {
    case ended(AttemptID, plan: Int)
    case grows(AttemptID, to: Bytes)
    case sampled(AttemptID)
    /// While memory is critically short the machine is looked at every second, as the runner does.
    case looked
  }

  /// A job that has not ended.
  struct Open {
    var known: KnownJob
    var firstStart: Timestamp?
    /// How long its last attempt ran.
    var lastRun = Duration.zero
    /// How often the machine's memory ran out under it.
    var pressureKills = 0
  }

  /// An attempt that has not ended.
  struct Live {
    var job: JobID
    var started: Timestamp
    /// Its end as it is planned; an end of another plan is void.
    var plan = 0
    var endsAt: Timestamp
    var frozenSince: Timestamp?
    var frozenTime = Duration.zero
    /// What it holds, and the most that it held.
    var use = Bytes.zero
    var peak = Bytes.zero
  }

  let policy: Policy
  /// How memory behaves; nil if it is no matter.
  let memory: MemoryModel?
  var scheduler: Scheduler
  var agenda = Agenda<Incident>()
  var open: [JobID: Open] = [:]
  var live: [AttemptID: Live] = [:]
  /// What all attempts hold together.
  var treeMemory = Bytes.zero
  var now = Timestamp(microseconds: 0)
  var isLooking = false
  package internal(set) var figures: WorkloadFigures
  /// The first start of each job by its number, if they are kept.
  package private(set) var starts: [(number: Int64, time: Timestamp)] = []

  private let keepsStarts: Bool
  private var rules: [String: HandlerRules]
  private let knowsAllHandlers: Bool
  private var source: AnyIterator<KnownJob>
  private var upcoming: KnownJob?
  private var accepted: Int64 = 0

  /// Prepares a replay.
  ///
  /// - Parameters:
  ///   - jobs: in the order of their submission.
  ///   - policy: what the scheduler goes by; its capacity is the machine.
  ///   - handlers: what holds for handlers; nil for every handler that a job asks for, without a bound.
  ///   - memory: how memory behaves; nil if it is no matter.
  ///   - keepsStarts: whether `starts` is filled.
  package init(
    _ jobs: some Sequence<KnownJob>, policy: Policy, handlers: [String: HandlerRules]? = nil,
    memory: MemoryModel? = nil, keepsStarts: Bool = false
  ) {
    self.policy = policy
    self.memory = memory
    self.keepsStarts = keepsStarts
    rules = handlers ?? [:]
    knowsAllHandlers = handlers != nil
    scheduler = Scheduler(policy: policy)
    figures = WorkloadFigures(cpuMillis: policy.capacity.cpuMillis)
    source = AnyIterator(jobs.makeIterator())
    upcoming = source.next()
    if knowsAllHandlers { _ = scheduler.handle(.handlers(rules), at: now) }
  }

  /// Runs until every job has ended.
  /// - Throws: if jobs are left that nothing can start, or one that never gets through.
  package mutating func run() throws(SimulatorError) {
    while true {
      let timer = scheduler.nextTime
      let times = [agenda.nextTime, timer?.rawValue, upcoming?.submitted.rawValue].compactMap(\.self)
      guard let time = times.min() else { break }
      now = max(now, Timestamp(rawValue: time))
      var events = try incidents()
      if let timer, timer <= now { events.append(.timer) }
      events += submissions()
      if !events.isEmpty { perform(scheduler.handle(events, at: now)) }
      keepLooking()
    }
    guard open.isEmpty else {
      let left = open.keys.min().flatMap { open[$0]?.known.number } ?? 0
      throw SimulatorError("\(open.count) jobs never start, the first of them is \(left)")
    }
  }

  /// What the machine does now, as events.
  private mutating func incidents() throws(SimulatorError) -> [Event] {
    var events: [Event] = []
    var changed: [AttemptID] = []
    var isLook = false
    while agenda.nextTime.map({ $0 <= now.rawValue }) ?? false, let (_, incident) = agenda.next() {
      switch incident {
      case .ended(let id, let plan):
        guard live[id]?.plan == plan else { continue }
        events.append(.ended(id, end(of: id, .finished)))
      case .grows(let id, let size):
        guard live[id] != nil else { continue }
        events += try grow(id, to: size)
        changed.append(id)
      case .sampled(let id): changed.append(id)
      case .looked: (isLook, isLooking) = (true, false)
      }
    }
    let hasMoved = isLook || !changed.isEmpty || !events.isEmpty
    if memory != nil, hasMoved { events.append(sample(of: changed)) }
    return events
  }

  /// The jobs that are submitted now, as events; those that could never run are refused.
  private mutating func submissions() -> [Event] {
    var jobs: [WaitingJob] = []
    var isNewHandler = false
    while let known = upcoming, known.submitted <= now {
      upcoming = source.next()
      guard isPossible(known) else {
        figures.refused += 1
        continue
      }
      accepted += 1
      let id = JobID(accepted)
      open[id] = Open(known: known)
      let job = Job(id: id, submission: known.submission, submitted: known.submitted, state: .queued)
      jobs.append(WaitingJob(job, sharedBy: policy.fairShare?.label))
      if !knowsAllHandlers, rules[known.submission.handler] == nil {
        rules[known.submission.handler] = HandlerRules()
        isNewHandler = true
      }
    }
    return (isNewHandler ? [.handlers(rules)] : []) + (jobs.isEmpty ? [] : [.submitted(jobs)])
  }

  private func isPossible(_ known: KnownJob) -> Bool {
    let limits = known.submission.terms.limits
    return limits.memory <= min(policy.capacity.memory, policy.capacity.committed)
      && (policy.processors == .shared || limits.cpuMillis <= policy.capacity.cpuMillis)
      && (!knowsAllHandlers || rules[known.submission.handler] != nil)
  }

  private mutating func perform(_ actions: [Action]) {
    for action in actions {
      switch action {
      case .start(let id, _, _, _): start(id)
      case .terminate(let id), .kill(let id): stop(id)
      case .freeze(let id): live[id]?.frozenSince = now
      case .thaw(let id): thaw(id)
      case .finish(let id, let end, let next): settle(id, end, next)
      case .notice(.evicted): figures.evictions += 1
      case .reclaim, .markRunning, .close, .cancelRequested, .held, .operated, .due, .unblock, .reprioritised,
        .carry,
        .revive, .breaker, .notice:
        break
      }
    }
  }

  private mutating func start(_ id: AttemptID) {
    guard let known = open[id.job]?.known else { preconditionFailure("job \(id.job) is not open") }
    if open[id.job]?.firstStart == nil {
      open[id.job]?.firstStart = now
      if keepsStarts { starts.append((known.number, now)) }
    }
    let ends = now + known.run
    live[id] = Live(job: id.job, started: now, endsAt: ends)
    agenda.plan(.ended(id, plan: 0), at: ends.rawValue)
    if memory != nil { planGrowth(of: id, known) }
    perform(scheduler.handle(.started(id), at: now))
  }

  /// A process that is told to stop obeys at once.
  private mutating func stop(_ id: AttemptID) {
    thaw(id)
    plan(endOf: id, at: now)
  }

  private mutating func thaw(_ id: AttemptID) {
    guard let since = live[id]?.frozenSince, let ends = live[id]?.endsAt else { return }
    live[id]?.frozenSince = nil
    live[id]?.frozenTime += now - since
    plan(endOf: id, at: ends + (now - since))
  }

  private mutating func plan(endOf id: AttemptID, at time: Timestamp) {
    guard let plan = live[id]?.plan else { return }
    live[id]?.plan = plan + 1
    live[id]?.endsAt = time
    agenda.plan(.ended(id, plan: plan + 1), at: time.rawValue)
  }

  private mutating func settle(_ id: AttemptID, _ end: AttemptEnd, _ next: AfterAttempt) {
    if end.outcome == .oomOwnLimit { figures.ownLimitKills += 1 }
    guard case .done(let state, _) = next, let job = open.removeValue(forKey: id.job) else { return }
    figures.count(
      submitted: job.known.submitted, start: job.firstStart, ended: now, run: job.lastRun,
      isFailed: state != .succeeded)
  }

  /// Takes an attempt off the machine and tells how it went.
  mutating func end(of id: AttemptID, _ way: WayOut) -> AttemptReport {
    guard let attempt = live.removeValue(forKey: id), let known = open[id.job]?.known else {
      preconditionFailure("attempt \(id) does not run")
    }
    treeMemory = treeMemory - attempt.use
    let frozen = attempt.frozenTime + (attempt.frozenSince.map { now - $0 } ?? .zero)
    let run = now - attempt.started - frozen
    open[id.job]?.lastRun = run
    let limit = known.submission.terms.limits.cpuMillis
    figures.use(cpuMillis: min(known.cpuMillis ?? limit, limit), for: run)
    var usage = Usage(oomKills: way == .ownLimit || way == .machine ? 1 : 0)
    if memory != nil { usage.memoryPeak = attempt.peak }
    if let rate = known.cpuMillis { usage.cpuUser = run * Int(rate) / 1000 }
    usage.cpuSystem = known.cpuMillis.map { _ in .zero }
    let isWhole = way == .finished && run >= known.run
    return AttemptReport(
      exit: isWhole ? .exited(code: 0) : .signalled(signal: 9), usage: usage,
      word: isWhole ? .done(nil) : nil,
      memoryKill: way == .machine ? .machine : nil)
  }

  /// How an attempt leaves the machine.
  enum WayOut { case finished, ownLimit, machine }
}
