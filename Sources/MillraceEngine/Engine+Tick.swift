import Logging
import MillraceCore

extension Engine {
  /// Takes in all that has happened, acts on it, and commits once.
  func tick() async {
    let inputs = inbox
    inbox = []
    var stops: [Action] = []
    for input in inputs {
      switch input {
      case .submissions(let submissions, let answer):
        await accept(submissions, answer, stops: &stops)
      case .event(let event): decide(event, stops: &stops)
      case .catalog(let new): await adopt(new, stops: &stops)
      }
    }
    isRestored = true
    if let next = scheduler.nextTime, next <= ports.clock.now() { decide(.timer, stops: &stops) }
    await perform(stops)
    await commit()
    if scheduler.runningCount > 0 { sampleRing.yield() }
    if scheduler.isDrained, backlog.isEmpty { resumeWaiters(of: .drained) }
  }

  /// Throws if so many jobs can't be taken now. Asked in the tick, where the count can't change meanwhile.
  private func demandRoom(for count: Int) throws(Refusal) {
    guard !scheduler.isDraining else { throw Self.draining }
    guard !backlog.isStuck else {
      throw Refusal(
        .storage, "the record cannot be written", hint: "`millrace doctor` shows the state of the disk")
    }
    let free = max(0, scheduler.policy.maxQueued - scheduler.queuedCount - scheduler.scheduledCount)
    guard count <= free else {
      throw Refusal(
        .queueFull, "the queue has room for \(free) more jobs, not \(count)",
        hint: "try again when some have run, or raise `queue.max_queued`")
    }
  }

  /// Writes a batch of submissions, all or none, and queues them.
  private func accept(
    _ submissions: [Submission], _ answer: CheckedContinuation<[JobID], any Error>, stops: inout [Action]
  ) async {
    let now = ports.clock.now()
    do {
      try demandRoom(for: submissions.count)
      let ids = try await ports.store.accept(submissions, at: now)
      let jobs = zip(ids, submissions).map { id, submission in
        WaitingJob(
          Job(
            id: id, submission: submission, submitted: now,
            state: submission.notBefore.map { $0 > now ? .scheduled : .queued } ?? .queued,
            notBefore: submission.notBefore))
      }
      decide(.submitted(jobs), stops: &stops)
      answer.resume(returning: ids)
    } catch let refusal as Refusal {
      answer.resume(throwing: refusal)
    } catch {
      answer.resume(
        throwing: Refusal(.storage, "\(error)", hint: "`millrace doctor` shows the state of the disk"))
    }
  }

  private func decide(_ event: Event, stops: inout [Action]) {
    let now = ports.clock.now()
    for action in scheduler.handle(event, at: now) { sort(action, at: now, stops: &stops) }
  }

  /// Puts an action where it belongs: stops at once, everything else by way of the disk.
  private func sort(_ action: Action, at now: Timestamp, stops: inout [Action]) {
    switch action {
    case .terminate, .kill:
      stops.append(action)
    case .start(let id, let handler, let terms, let priority, let queued, let admission):
      guard let plugin = plugin(for: handler) else {
        preconditionFailure("`\(handler)` was started without a plugin")
      }
      backlog.changes.append(
        .starting(
          Attempt(
            id: id, handler: handler, plugin: plugin.name, pluginVersion: plugin.version,
            pluginSHA256: plugin.sha256, limits: terms.limits, admission: admission, queued: queued,
            starting: now)))
      backlog.launches.append(
        Backlog.Launch(id: id, handler: handler, plugin: plugin, terms: terms, priority: priority))
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
      case .start, .markRunning, .finish, .cancelled, .due: break
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
  }

  private func start(_ launch: Backlog.Launch) async {
    do {
      let payload = try await ports.store.payload(of: launch.id.job)
      await ports.launcher.launch(
        LaunchPlan(
          attempt: launch.id, handler: launch.handler, plugin: launch.plugin, limits: launch.terms.limits,
          priority: launch.priority, deadline: ports.clock.now() + launch.terms.timeout, payload: payload))
    } catch {
      put(.event(.refused(launch.id, reason: "cannot read its input: \(error)")))
    }
  }

  /// Returns a task that rings when time alone will change something; nil if it will not.
  func wakeLater() -> Task<Void, Never>? {
    var next = scheduler.nextTime
    if backlog.isStuck {
      let retry = ports.clock.now() + Self.commitRetryInterval
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

  private func adopt(_ new: Catalog, stops: inout [Action]) async {
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
    var bounds: [String: Int?] = [:]
    for handler in new.plugins.flatMap(\.handlers) {
      bounds[handler.name] = .some(reception.concurrency[handler.name] ?? handler.concurrency)
    }
    decide(.handlers(bounds), stops: &stops)
  }

  /// Reads the usage of running attempts once a second, only while there are any.
  func sampleWhileRunning() async {
    for await _ in sampleBell {
      while scheduler.runningCount > 0, !Task.isCancelled {
        let now = ports.clock.now()
        samples = await ports.launcher.sample()
        if !samples.isEmpty { put(.event(.sampled(samples))) }
        // Cancelled: the loop's condition ends it.
        try? await ports.clock.sleep(until: now + Self.sampleInterval)
      }
    }
  }
}
