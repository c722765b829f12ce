import MillraceCore

/// The made-up machine: how attempts live and die.
extension Simulation {
  /// What the machine will do about an action.
  mutating func answer(_ action: Action) throws(BrokenRule) {
    switch action {
    case .start(let id, _, _, let place):
      let job = ledger.job(id.job)
      let profile = scenario.profile(of: job.submission.handler)
      let fate = Fate(of: id, job: job, profile: profile, seed: scenario.seed, twists: scenario.twists)
      live[id] = Live(
        id: id, fate: fate, limit: Course.limits(of: job).memory,
        build: invariants.handlers[profile.name]?.build ?? "", place: place)
      builds[id] = live[id]?.build
      guard place == .local else { return try submit(id, Course.limits(of: job)) }
      plan(fate.isRefused ? .refused(id) : .started(id), at: time + fate.startDelay)
    case .freeze(let id): live[id]?.frozenSince = time
    case .thaw(let id): thaw(id)
    case .terminate(let id) where live[id]?.place == .slurm: stop(id, .told)
    case .kill(let id) where live[id]?.place == .slurm: stop(id, .killed)
    case .terminate(let id):
      guard let fate = live[id]?.fate, !fate.isDeaf else { return }
      planEnd(of: id, .told, at: time + fate.stopDelay, ifSooner: true)
    case .kill(let id): planEnd(of: id, .killed, at: time + .seconds(live[id]?.fate.isDeaf ?? false ? 1 : 0))
    case .held(let id, true) where ledger.broken(id) != nil:
      plan(.outside(.cancel(id)), at: time + Self.patienceWithHeld)
    case .notice(.nodeFault): leaveOut()
    case .reclaim, .markRunning, .finish, .close, .cancelRequested, .held, .operated, .due, .unblock,
      .reprioritised,
      .carry, .revive, .breaker, .notice:
      break
    }
  }

  /// Lets the process of an attempt exist.
  mutating func begin(_ id: AttemptID) {
    guard let attempt = live[id] else { return }
    live[id]?.started = time
    let own = time + attempt.fate.run
    if let limit = attempt.fate.timeToLimit(attempt.limit), limit < attempt.fate.run {
      planEnd(of: id, .ownLimit, at: time + limit)
    } else if attempt.fate.isThrashing {
      // It gets nowhere: only others end it, or its operator at last.
      planEnd(of: id, .told, at: time + .seconds(600))
    } else if let limit = limitThere(attempt) {
      planEnd(of: id, .timeLimit, at: time + limit)
    } else {
      planEnd(of: id, .itself, at: own)
    }
  }

  /// Plans an end in the place of the one that is planned; with `ifSooner` only if it comes before that.
  mutating func planEnd(of id: AttemptID, _ way: Way, at time: Duration, ifSooner: Bool = false) {
    guard let attempt = live[id] else { return }
    if ifSooner, let end = attempt.end, end.time <= time { return }
    live[id]?.plan = attempt.plan + 1
    live[id]?.end = (time, way)
    plan(.ended(id, plan: attempt.plan + 1, way), at: time)
  }

  /// Lets a frozen attempt go on, its end put off by as long as it was frozen.
  mutating func thaw(_ id: AttemptID) {
    guard let attempt = live[id], let since = attempt.frozenSince, let end = attempt.end else { return }
    live[id]?.frozenSince = nil
    live[id]?.frozenTime += time - since
    planEnd(of: id, end.way, at: end.time + (time - since))
  }

  /// Takes an attempt off the machine; returns what the runner is told.
  mutating func end(of id: AttemptID, _ way: Way) -> Event {
    guard let attempt = live.removeValue(forKey: id) else { preconditionFailure("attempt \(id) is gone") }
    cluster?.machines.remove(id)
    let ran = runTime(of: attempt)
    var usage = Usage(
      memoryPeak: max(attempt.peak, use(of: attempt)), cpuUser: ran * Int(attempt.fate.cpuMillis) / 1000,
      cpuSystem: .zero, oomKills: 0)
    if !scenario.twists.contains(.samples) { usage.memoryPeak = nil }
    let report = report(attempt, way, ran, usage)
    return .ended(id, attempt.place == .slurm ? reportThere(attempt, way, report) : report)
  }

  private mutating func report(
    _ attempt: Live, _ way: Way, _ ran: Duration, _ usage: Usage
  ) -> AttemptReport {
    switch way {
    case .itself:
      note(attempt, ran, usage)
      return report(attempt.fate.ending, usage)
    case .told: return AttemptReport(exit: .signalled(signal: 15), usage: usage, word: nil)
    case .killed: return AttemptReport(exit: .signalled(signal: 9), usage: usage, word: nil)
    case .ownLimit, .machine:
      var usage = usage
      usage.oomKills = 1
      return AttemptReport(
        exit: .signalled(signal: 9), usage: usage, word: nil,
        memoryKill: way == .machine ? .machine : .ownLimit)
    case .lost, .nodeLost, .nodeFault, .preempted, .cancelledThere, .timeLimit:
      return AttemptReport(exit: nil, usage: Usage(), word: nil)
    }
  }

  private func report(_ ending: Fate.Ending, _ usage: Usage) -> AttemptReport {
    switch ending {
    case .success: AttemptReport(exit: .exited(code: 0), usage: usage, word: .done(nil))
    case .failure:
      AttemptReport(
        exit: .exited(code: 1), usage: usage,
        word: .failed(Failure(code: "no", message: "it would not", isRetryable: true)))
    case .crash: AttemptReport(exit: .signalled(signal: 11), usage: usage, word: nil)
    case .unknown: AttemptReport(exit: nil, usage: usage, word: nil)
    case .snooze:
      AttemptReport(
        exit: .exited(code: 0), usage: usage, word: .snoozed(after: .seconds(30), reason: nil))
    }
  }

  /// What the next runner learns of it.
  private mutating func note(_ attempt: Live, _ ran: Duration, _ usage: Usage) {
    guard attempt.fate.ending == .success, let open = ledger.running[attempt.id.job] else { return }
    let job = ledger.job(attempt.id.job).submission
    ledger.note(
      Evidence(
        handler: job.handler, jobClass: job.jobClass, build: "old", started: open.admitted,
        memoryPeak: usage.memoryPeak, cpu: usage.cpuUser, duration: ran, timeToPeak: nil))
  }

  func runTime(of attempt: Live) -> Duration {
    guard let started = attempt.started else { return .zero }
    return (attempt.frozenSince ?? time) - started - attempt.frozenTime
  }

  func use(of attempt: Live) -> Bytes {
    attempt.started == nil ? .zero : attempt.fate.use(after: runTime(of: attempt), limit: attempt.limit)
  }

  /// What all attempts hold together.
  var treeMemory: Bytes { here.reduce(Bytes.zero) { $0 + use(of: $1) } }

  private var here: some Collection<Live> { live.values.lazy.filter { $0.place == .local } }

  /// Whom the kernel kills because all hold more than there is; nil while they do not.
  func victim() -> AttemptID? {
    guard treeMemory > scenario.policy.capacity.memory else { return nil }
    return here.max { (use(of: $0), $0.id) < (use(of: $1), $1.id) }?.id
  }
}
