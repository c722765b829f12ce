import Logging
import MillraceCore

extension Engine {
  /// Takes in all that has happened, acts on it, and commits once.
  func tick() async {
    await mend()
    let inputs = inbox.take()
    // A commit that began before is not the one that these wait for.
    waiters.move(from: .commit, to: .commitUnderWay)
    var events: [Event] = []
    var requests: [Request] = []
    let batches = inputs.compactMap(\.batch)
    var accepted = await accept(batches.filter { !$0.isFree }, besides: 0)
    await takeIn(inputs.compactMap(\.announcement))
    for input in inputs {
      switch input {
      case .submissions, .announcements: break  // They are accepted together.
      case .request(let request):
        events += request.events
        backlog.changes += request.changes
        requests.append(request)
      case .operation(let operation):
        accepted.append(await operation.run(self, accepted.jobCount))
      case .event(let event): events.append(event)
      case .catalog(let new):
        await announce(new)
        tell(new, after: inUse)
        events.append(.handlers(adopt(new)))
      }
    }
    accepted += await claimDue(besides: accepted.jobCount)
    accepted += await decideOnEvents(besides: accepted.jobCount)
    accepted.append(arrive(batches.filter(\.isFree), besides: accepted.jobCount))
    events += accepted.flatMap(\.events)
    await lookFirst(before: &events)
    let now = ports.clock.now()
    if let next = scheduler.nextTime, next <= now { events.append(.timer) }
    var stops: [Action] = []
    let actions = scheduler.handle(events, at: now)
    for action in actions { sort(action, at: now, stops: &stops) }
    announcePressure()
    for one in accepted { backlog.take(payloads: one.payloads) }
    isRestored = true
    // Only now, so that whoever gets the answer finds the job known.
    for one in accepted { one.answer() }
    // That a job is cancelled must be on record before it can end by that; other stops wait for nothing.
    let isCancelling = actions.contains { if case .cancelRequested = $0 { true } else { false } }
    if isCancelling, trouble == nil { await write() }
    await perform(stops)
    if !isCancelling, trouble == nil { await write() }
    if backlog.changes.isEmpty { waiters.resume(of: .commitUnderWay) }
    answer(requests, about: actions)
    watchDirectories()
    resumeEvents()
    if scheduler.needsSamples { sampleRing.yield() }
    if scheduler.isDrained, backlog.isEmpty { waiters.resume(of: .drained) }
  }

  /// After a time in which nothing was measured, nothing is started before the machine was looked at.
  private func lookFirst(before events: inout [Event]) async {
    let now = ports.clock.now()
    let mayStart = events.contains { if case .submitted(let jobs) = $0 { !jobs.isEmpty } else { false } }
    guard mayStart, scheduler.runningCount == 0, lastSample.map({ now - $0 >= Self.sampleInterval }) ?? true
    else { return }
    events.insert(.sampled([:], await ports.launcher.sample().machine), at: 0)
    lastSample = now
  }

  /// Puts an action where it belongs: stops at once, everything else by way of the disk.
  func sort(_ action: Action, at now: Timestamp, stops: inout [Action]) {
    switch action {
    case .terminate, .kill, .reclaim:
      stops.append(action)
    case .freeze(let id):
      stops.append(action)
      backlog.changes.append(.frozen(id, at: now))
    case .thaw(let id):
      stops.append(action)
      backlog.changes.append(.thawed(id, at: now))
    case .start(let id, let job, let admission, let place):
      guard let plugin = plugin(for: job.handler) else {
        preconditionFailure("`\(job.handler)` was started without a plugin")
      }
      var attempt = Attempt(
        id: id, handler: job.handler, plugin: plugin.name, pluginVersion: plugin.version,
        pluginSHA256: plugin.sha256, limits: job.limits, admission: admission, queued: job.waitingSince,
        starting: now)
      attempt.place = place
      backlog.changes.append(.starting(attempt))
      backlog.launches.append(Backlog.Launch(id: id, plugin: plugin, job: job, place: place))
      meters.admitted(id, of: job, expecting: admission.demand.memory, at: now)
    case .markRunning(let id):
      backlog.changes.append(.running(id, at: now))
      meters.started(id, at: now)
    case .finish(let id, let end, let next):
      backlog.changes.append(.ended(id, end, next: next))
      progress[id.job] = nil
      (samples[id], usage[id]) = (nil, nil)
      meters.ended(id, end)
      if case .done(let state, _) = next { noteEnd(of: id.job, as: state) }
      log.info(
        "attempt ended",
        metadata: ["attempt": "\(id)", "outcome": "\(end.outcome.rawValue)"])
    case .close(let job, let state, let reason):
      backlog.changes.append(.closed(job, state, reason, at: now))
      noteEnd(of: job, as: state)
    case .cancelRequested(let job):
      backlog.changes.append(.cancelRequested(job, at: now))
    case .held(let job, let isHeld):
      backlog.changes.append(.held(job, isHeld))
    case .operated(let station, let activity):
      backlog.changes.append(.memo(Memo(station, activity)))
      waiters.resume(of: .standstill(station))
    case .due(let job):
      backlog.changes.append(.due(job))
    case .unblock(let job, let time):
      backlog.changes.append(.unblocked(job, notBefore: time))
    case .reprioritised(let job, let priority):
      backlog.changes.append(.reprioritised(job, priority))
    case .carry(let job, let carryover):
      backlog.changes.append(.carried(job, carryover))
    case .revive(let job, let state, let terms):
      backlog.changes.append(.revived(job, to: state, terms: terms))
    case .breaker(let standing):
      note(standing)
    case .notice(let notice):
      note(notice.text)
    }
  }

  func plugin(for handler: String) -> Plugin? {
    inUse.plugins.first { $0.handlers.contains { $0.name == handler } }
  }

  func perform(_ stops: [Action]) async {
    for action in stops {
      switch action {
      case .terminate(let id): await launcher(of: id).terminate(id)
      case .kill(let id): await launcher(of: id).kill(id)
      case .freeze(let id): await ports.launcher.freeze(id)
      case .thaw(let id): await ports.launcher.thaw(id)
      case .reclaim: await ports.launcher.reclaim()
      case .start, .markRunning, .finish, .close, .cancelRequested, .held, .operated, .due, .unblock,
        .reprioritised, .carry, .revive, .breaker, .notice:
        break
      }
    }
  }

  /// When time alone will change something; nil if it will not.
  var nextWake: Timestamp? { [scheduler.nextTime, trouble?.nextTry, nextClaim].compactMap(\.self).min() }

  /// Takes in what the launcher says. Only progress waits for the engine: it makes no tick.
  nonisolated func take(_ event: LaunchEvent) async {
    switch event {
    case .started(let id):
      put(.event(.started(id)))
    case .refused(let id, let reason):
      log.error("attempt not started", metadata: ["attempt": "\(id)", "reason": "\(reason)"])
      put(.event(.refused(id, reason: reason)))
    case .progress(let id, let news):
      await note(news, of: id)
    case .notice(let text):
      await note(text)
    case .ended(let id, let report):
      put(.event(.ended(id, report)))
    case .placed(let id, let whereabouts):
      await note(whereabouts, of: id)
    case .late(let id, let report):
      await note(late: report, of: id)
    case .cluster(let standing):
      put(.event(.cluster(standing)))
    }
  }

  /// Takes the plugins into use; returns what holds for their handlers.
  private func adopt(_ new: Catalog) -> [String: HandlerRules] {
    backlog.plugins = new.plugins
    for refused in new.refused where !inUse.refused.contains(refused) {
      log.warning("plugin refused", metadata: ["file": "\(refused.path)", "reason": "\(refused.reason)"])
    }
    for plugin in new.plugins where !inUse.plugins.contains(plugin) {
      log.notice("plugin loaded", metadata: ["plugin": "\(plugin.name)", "version": "\(plugin.version)"])
      noteQuarantine(of: plugin)
    }
    inUse = new
    hasCatalog = true
    return rules(of: new)
  }

  /// What holds for the handlers of plugins.
  func rules(of catalog: Catalog) -> [String: HandlerRules] {
    var rules: [String: HandlerRules] = [:]
    for plugin in catalog.plugins {
      for handler in plugin.handlers {
        rules[handler.name] = HandlerRules(
          build: plugin.sha256, concurrency: reception.concurrency[handler.name] ?? handler.concurrency,
          rate: reception.rates[handler.name] ?? handler.rate,
          breaker: reception.breakers[handler.name]
            ?? (handler.hasUnrelatedJobs ? nil : scheduler.policy.breaker))
      }
    }
    return rules
  }

  /// Tells the operator something: in the log, and in the status.
  func note(_ text: String) {
    log.notice("\(text)")
    keep(notice: text)
  }

  func keep(notice text: String) {
    notices.append(RunnerNotice(time: ports.clock.now(), text: text))
    if notices.count > Self.maxNotices { notices.removeFirst(notices.count - Self.maxNotices) }
  }

  /// Reads the usage of running attempts and the state of the machine once a second, only while it matters.
  func sampleWhileRunning() async {
    for await _ in sampleBell {
      while scheduler.needsSamples, !Task.isCancelled {
        let now = ports.clock.now()
        let (attempts, machine) = await ports.launcher.sample()
        samples = attempts
        for (id, sample) in attempts { usage[id, default: UsageSeries()].add(sample, at: now) }
        if usage.count > attempts.count { usage = usage.filter { attempts[$0.key] != nil } }
        lastSample = now
        put(.event(.sampled(attempts, machine)))
        // Cancelled: the loop's condition ends it.
        try? await ports.clock.sleep(until: now + Self.sampleInterval)
      }
    }
  }
}
