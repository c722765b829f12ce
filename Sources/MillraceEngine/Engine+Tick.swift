import Logging
import MillraceCore

extension Engine {
  /// Takes in all that has happened, acts on it, and commits once.
  func tick() async {
    let inputs = inbox
    inbox = []
    var events: [Event] = []
    var accepted: [Accepted] = []
    var waitingRoom = 0
    for input in inputs {
      switch input {
      case .submissions(let submissions, let answer):
        if let jobs = await accept(submissions, answer, besides: waitingRoom) {
          waitingRoom += jobs.jobs.count
          accepted.append(jobs)
          events.append(.submitted(jobs.jobs))
        }
      case .event(let event): events.append(event)
      case .catalog(let new): events.append(.handlers(await adopt(new)))
      }
    }
    await lookFirst(before: &events)
    let now = ports.clock.now()
    lastTick = now
    if let next = scheduler.nextTime, next <= now { events.append(.timer) }
    var stops: [Action] = []
    for action in scheduler.handle(events, at: now) { sort(action, at: now, stops: &stops) }
    isRestored = true
    // Only now, so that whoever gets the answer finds the job known.
    for one in accepted { one.answer.resume(returning: one.jobs.map(\.id)) }
    await perform(stops)
    await commit()
    if scheduler.needsSamples { sampleRing.yield() }
    if scheduler.isDrained, backlog.isEmpty { resumeWaiters(of: .drained) }
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

  /// Throws if so many jobs can't be taken now. Asked in the tick, where the count can't change meanwhile.
  func demandRoom(for count: Int, besides others: Int) throws(Refusal) {
    guard !scheduler.isDraining else { throw Self.draining }
    guard !backlog.isStuck else {
      throw Refusal(
        .storage, "the record cannot be written", hint: "`millrace doctor` shows the state of the disk")
    }
    let free = max(0, scheduler.policy.maxQueued - scheduler.queuedCount - scheduler.scheduledCount - others)
    guard count <= free else {
      throw Refusal(
        .queueFull, "the queue has room for \(free) more jobs, not \(count)",
        hint: "try again when some have run, or raise `queue.max_queued`")
    }
  }

  /// Jobs that are on record, and who waits for their numbers.
  private struct Accepted {
    var jobs: [WaitingJob]
    var answer: CheckedContinuation<[JobID], any Error>
  }

  /// Writes a batch of submissions, all or none; nil if it is refused, which is answered then. `others` is
  /// how many jobs are accepted and not yet known to the scheduler.
  private func accept(
    _ submissions: [Submission], _ answer: CheckedContinuation<[JobID], any Error>, besides others: Int
  ) async -> Accepted? {
    let now = ports.clock.now()
    do {
      try demandRoom(for: submissions.count, besides: others)
      let ids = try await ports.store.accept(submissions, at: now)
      let jobs = zip(ids, submissions).map { id, submission in
        waitingJob(id, submission, at: now)
      }
      return Accepted(jobs: jobs, answer: answer)
    } catch let refusal as Refusal {
      if refusal.kind == .queueFull { note(refusal.message) }
      answer.resume(throwing: refusal)
    } catch {
      answer.resume(
        throwing: Refusal(.storage, "\(error)", hint: "`millrace doctor` shows the state of the disk"))
    }
    return nil
  }

  /// The scheduler's view of a job that is submitted now.
  func waitingJob(_ id: JobID, _ submission: Submission, at now: Timestamp) -> WaitingJob {
    let job = Job(
      id: id, submission: submission, submitted: now,
      state: submission.notBefore.map { $0 > now ? .scheduled : .queued } ?? .queued,
      notBefore: submission.notBefore)
    return WaitingJob(job, sharedBy: scheduler.policy.fairShare?.label)
  }

  /// Puts an action where it belongs: stops at once, everything else by way of the disk.
  private func sort(_ action: Action, at now: Timestamp, stops: inout [Action]) {
    switch action {
    case .terminate, .kill:
      stops.append(action)
    case .freeze(let id):
      stops.append(action)
      backlog.changes.append(.frozen(id, at: now))
    case .thaw(let id):
      stops.append(action)
      backlog.changes.append(.thawed(id, at: now))
    case .start(let id, let job, let admission):
      guard let plugin = plugin(for: job.handler) else {
        preconditionFailure("`\(job.handler)` was started without a plugin")
      }
      backlog.changes.append(
        .starting(
          Attempt(
            id: id, handler: job.handler, plugin: plugin.name, pluginVersion: plugin.version,
            pluginSHA256: plugin.sha256, limits: job.terms.limits, admission: admission,
            queued: job.waitingSince, starting: now)))
      backlog.launches.append(Backlog.Launch(id: id, plugin: plugin, job: job))
    case .markRunning(let id):
      backlog.changes.append(.running(id, at: now))
    case .finish(let id, let end, let next):
      backlog.changes.append(.ended(id, end, next: next))
      progress[id.job] = nil
      samples[id] = nil
      if case .done = next { backlog.ended.append(id.job) }
      log.info(
        "attempt ended",
        metadata: ["attempt": "\(id)", "outcome": "\(end.outcome.rawValue)"])
    case .cancelled(let job):
      backlog.changes.append(.cancelled(job, at: now))
      backlog.ended.append(job)
    case .due(let job):
      backlog.changes.append(.due(job))
    case .reprioritised(let job, let priority):
      backlog.changes.append(.reprioritised(job, priority))
    case .notice(let notice):
      note(notice.text)
    }
  }

  func plugin(for handler: String) -> Plugin? {
    inUse.plugins.first { $0.handlers.contains { $0.name == handler } }
  }

  private func perform(_ stops: [Action]) async {
    for action in stops {
      switch action {
      case .terminate(let id): await ports.launcher.terminate(id)
      case .kill(let id): await ports.launcher.kill(id)
      case .freeze(let id): await ports.launcher.freeze(id)
      case .thaw(let id): await ports.launcher.thaw(id)
      case .start, .markRunning, .finish, .cancelled, .due, .reprioritised, .notice: break
      }
    }
  }

  private func commit() async {
    guard !backlog.isEmpty else { return }
    let batch = backlog
    do {
      try await ports.store.commit(batch.changes)
    } catch {
      if !backlog.isStuck {
        log.error("cannot record what happened; trying again", metadata: ["error": "\(error)"])
      }
      backlog.isStuck = true
      return
    }
    if batch.isStuck { log.notice("the record is written again") }
    backlog.changes.removeFirst(batch.changes.count)
    backlog.launches.removeFirst(batch.launches.count)
    backlog.ended.removeFirst(batch.ended.count)
    backlog.isStuck = false
    for launch in batch.launches { await start(launch) }
    for job in batch.ended { resumeWaiters(of: .end(job)) }
    resumeWaiters(of: .commit)
  }

  private func start(_ launch: Backlog.Launch) async {
    do {
      let payload = try await ports.store.payload(of: launch.id.job)
      await ports.launcher.launch(
        LaunchPlan(
          attempt: launch.id, handler: launch.job.handler, plugin: launch.plugin,
          limits: launch.job.terms.limits, priority: launch.job.priority,
          deadline: ports.clock.now() + launch.job.terms.timeout, payload: payload))
    } catch {
      put(.event(.refused(launch.id, reason: "cannot read its input: \(error)")))
    }
  }

  /// Returns a task that rings when time alone will change something; nil if it will not.
  func wakeLater() -> Task<Void, Never>? {
    var next = scheduler.nextTime
    if backlog.isStuck {
      let retry = lastTick + Self.commitRetryInterval
      next = min(next ?? retry, retry)
    }
    guard let next else { return nil }
    return Task { [clock = ports.clock, ring] in
      guard (try? await clock.sleep(until: next)) != nil else { return }  // Cancelled: another one is set.
      ring.yield()
    }
  }

  /// Takes in what the launcher says.
  func take(_ event: LaunchEvent) {
    switch event {
    case .started(let id):
      put(.event(.started(id)))
    case .refused(let id, let reason):
      log.error("attempt not started", metadata: ["attempt": "\(id)", "reason": "\(reason)"])
      put(.event(.refused(id, reason: reason)))
    case .progress(let id, let news):
      progress[id.job] = news
    case .ended(let id, let report):
      put(.event(.ended(id, report)))
    }
  }

  /// Takes the plugins into use; returns what holds for their handlers.
  private func adopt(_ new: Catalog) async -> [String: HandlerRules] {
    do {
      try await ports.store.note(new.plugins, at: ports.clock.now())
    } catch {
      log.error("cannot record the plugins", metadata: ["error": "\(error)"])
    }
    for refused in new.refused where !inUse.refused.contains(refused) {
      log.warning("plugin refused", metadata: ["file": "\(refused.path)", "reason": "\(refused.reason)"])
    }
    for plugin in new.plugins where !inUse.plugins.contains(plugin) {
      log.notice("plugin loaded", metadata: ["plugin": "\(plugin.name)", "version": "\(plugin.version)"])
    }
    inUse = new
    var rules: [String: HandlerRules] = [:]
    for plugin in new.plugins {
      for handler in plugin.handlers {
        rules[handler.name] = HandlerRules(
          build: plugin.sha256, concurrency: reception.concurrency[handler.name] ?? handler.concurrency,
          rate: reception.rates[handler.name] ?? handler.rate)
      }
    }
    return rules
  }

  /// Tells the operator something: in the log, and in the status.
  private func note(_ text: String) {
    log.notice("\(text)")
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
        lastSample = now
        put(.event(.sampled(attempts, machine)))
        // Cancelled: the loop's condition ends it.
        try? await ports.clock.sleep(until: now + Self.sampleInterval)
      }
    }
  }
}
