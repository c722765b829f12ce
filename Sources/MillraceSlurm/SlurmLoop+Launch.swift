import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux

extension SlurmLoop {
  /// Takes attempts in. Short ones wait a moment for others to share a job with.
  func launch(_ plans: [LaunchPlan]) {
    let now = ContinuousClock.now
    for plan in plans {
      if plan.plugin.hasFiles {
        let why = "its plugin has files of its own, which are not brought to nodes"
        events.yield(.refused(plan.attempt, reason: "cannot run \(plan.attempt) in Slurm: \(why)"))
        continue
      }
      logs.begin(plan.attempt)
      if !BundleManifest.rides(plan, settings) {
        prepare(BundleManifest(name: newName(), plan: plan, settings: settings))
      } else if let place = forming.firstIndex(where: { $0.manifest.takes(plan) }) {
        forming[place].manifest.plans.append(plan)
        if forming[place].manifest.plans.count >= settings.bundles.attempts {
          prepare(forming.remove(at: place).manifest)
        }
      } else {
        forming.append(
          FormingBundle(
            manifest: BundleManifest(name: newName(), plan: plan, settings: settings),
            due: now + settings.bundles.gather))
      }
    }
    closeForming(at: now)
    if let next = forming.map(\.due).min() {
      Task { [inbox] in
        try? await Task.sleep(until: next, clock: .continuous)  // Nobody cancels it.
        inbox.yield(.launch([]))
      }
    }
  }

  /// Prepares the bundles that have waited long enough.
  func closeForming(at now: Instant) {
    while let first = forming.first, first.due <= now { prepare(forming.removeFirst().manifest) }
  }

  /// Puts a bundle into the spool. From then on a later runner knows of it.
  private func prepare(_ manifest: BundleManifest) {
    let arguments = manifest.arguments(directory: spool.bundle(manifest.name), isRoot: geteuid() == 0)
    let bundle = Bundle(
      BundleLedger(
        name: manifest.name, user: settings.user, arguments: arguments, made: Self.wall(),
        attempts: manifest.plans.map(\.attempt)),
      .waiting, at: .now)
    bundle.ledger.parallel = manifest.parallel
    bundle.ledger.memory = manifest.memoryOfEach
    do {
      guard !arguments.contains(where: { $0.contains(where: \.isNewline) }) else {
        throw LinuxError("submit to Slurm", .forbidden("an option has a line end in it"))
      }
      if let plugin = manifest.plans.first?.plugin { try spool.put(plugin) }
      var files = [(name: "manifest", bytes: Array(manifest.text(logs: logs.cap).utf8))]
      for plan in manifest.plans {
        files.append(
          ("\(plan.attempt).payload", try Payload.bytes(for: plan, maxResult: settings.maxResult)))
      }
      try spool.write(bundle.ledger)
      // What crosses by the courier stays this runner's own.
      let own = SlurmSettings.User(uid: geteuid(), gid: getegid())
      try spool.make(manifest.name, files, for: key == nil ? settings.user : own)
    } catch {
      for plan in manifest.plans {
        logs.end(plan.attempt)
        events.yield(.refused(plan.attempt, reason: "\(error)"))
      }
      remove(manifest.name)
      return
    }
    for plan in manifest.plans {
      bundle.attempts[plan.attempt] = Ridden()
      rides[plan.attempt] = bundle
    }
    bundles[manifest.name] = bundle
    outbox.append(manifest.name)
  }

  /// Removes a bundle from the spool.
  func remove(_ name: String) {
    Task.detached { [spool, logger] in
      do { try await spool.remove(name) } catch {
        logger.warning("bundle not removed", metadata: ["bundle": "\(name)", "error": "\(error)"])
      }
    }
  }

  /// Stops an attempt, wherever it is.
  func stop(_ attempt: AttemptID, _ how: Ridden.Stop) {
    if let place = forming.firstIndex(where: { $0.manifest.plans.contains { $0.attempt == attempt } }) {
      forming[place].manifest.plans.removeAll { $0.attempt == attempt }
      if forming[place].manifest.plans.isEmpty { forming.remove(at: place) }
      logs.end(attempt)
      events.yield(.ended(attempt, AttemptReport(exit: nil, usage: Usage(), word: nil)))
      return
    }
    guard let bundle = rides[attempt], let ridden = bundle.attempts[attempt], ridden.isOpen else { return }
    if ridden.stop == .kill || ridden.stop == how { return }
    bundle.attempts[attempt]?.stop = how
    do {
      guard let entry = try SpoolEntry(bundle.name, in: spool.bundles, owner: bundle.ledger.user.uid) else {
        return
      }
      // Whoever claims it first decides: then no host can start it any more.
      if case .waiting = ridden.phase, try claim(attempt, in: entry) {
        decide([(attempt, .withdrawn)], in: bundle)
        if bundle.unresolved.isEmpty { bundle.wantsCancel = true }
        return
      }
      try entry.replace("\(attempt).stop", "\(how.rawValue)\n")
      bundle.wantsNudge = true
      bundle.nextLook = .now
    } catch {
      // It is asked for again at the next look.
      bundle.attempts[attempt]?.stop = nil
      logger.error("attempt not stopped", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
      Task { [inbox, settings] in
        try? await Task.sleep(for: settings.look)  // Nobody cancels it.
        inbox.yield(.stop(attempt, how))
      }
    }
  }

  /// Claims an attempt in the place of a host, so that none can start it.
  /// - Returns: false if a host has claimed it.
  func claim(_ attempt: AttemptID, in entry: borrowing SpoolEntry) throws -> Bool {
    try entry.create("\(attempt).started", "node -\ntime \(Self.wall().rawValue)\n")
  }

  /// Ends attempts of which no host has told an end. That is noted before it is told. Those that have started
  /// may have run, and a late end of theirs may come.
  func decide(_ decisions: [(AttemptID, BundleLedger.Decision)], in bundle: Bundle) {
    guard !decisions.isEmpty else { return }
    for (attempt, decision) in decisions {
      bundle.ledger.decided[attempt] = decision
      if case .running = bundle.attempts[attempt]?.phase { bundle.ledger.ran.insert(attempt) }
      if case .refused = decision { bundle.ledger.released.insert(attempt) }
    }
    note(bundle)
    for (attempt, _) in decisions { tellDecision(of: attempt, in: bundle) }
  }

  /// Tells an end that this side has decided.
  func tellDecision(of attempt: AttemptID, in bundle: Bundle) {
    let whereabouts = bundle.whereabouts(of: attempt)
    bundle.attempts[attempt]?.phase = .ended
    logs.end(attempt)
    var report = AttemptReport(exit: nil, usage: Usage(), word: nil)
    report.whereabouts = whereabouts
    report.memoryKill = bundle.ledger.memory.map(MemoryKill.request)
    if bundle.ledger.ran.contains(attempt) { report.checkpoint = checkpoint(of: attempt, in: bundle) }
    switch bundle.ledger.decided[attempt] {
    case .refused(let reason):
      rides[attempt] = nil
      events.yield(.refused(attempt, reason: reason))
      return
    case .interrupted(let interruption): report.interruption = interruption
    case .withdrawn, nil: break
    }
    events.yield(.ended(attempt, report))
  }

  /// What an attempt has saved for the next one, as far as its node has brought it here.
  private func checkpoint(of attempt: AttemptID, in bundle: Bundle) -> [UInt8]? {
    do {
      let entry = try SpoolEntry(bundle.name, in: spool.bundles, owner: bundle.ledger.user.uid)
      guard let entry else { return nil }
      return outcome(of: attempt, entry)?.checkpoint
    } catch {
      logger.error("checkpoint not read", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
      return nil
    }
  }

  /// Lets go of attempts whose ends are on record.
  func release(_ attempts: [AttemptID]) {
    var touched: [String: Bundle] = [:]
    for attempt in attempts {
      guard let bundle = rides[attempt], bundle.attempts[attempt]?.isOpen == false else { continue }
      rides[attempt] = nil
      bundle.ledger.released.insert(attempt)
      touched[bundle.name] = bundle
    }
    for bundle in touched.values {
      note(bundle)
      concludeIfReleased(bundle, .now)
    }
  }

  /// Removes a bundle of which nothing is to be known any more, and nothing runs.
  func concludeIfReleased(_ bundle: Bundle, _ now: Instant) {
    guard bundle.ledger.attempts.allSatisfy(bundle.ledger.released.contains) else { return }
    if case .waiting = bundle.submission {
      outbox.removeAll { $0 == bundle.name }
    } else {
      guard bundle.done != nil || bundle.isOver else { return }
      if !bundle.ledger.lost.isEmpty, bundle.done == nil, let closed = bundle.ledger.closed,
        Self.wall() < closed + settings.lateFor
      {
        return
      }
    }
    bundles[bundle.name] = nil
    remove(bundle.name)
  }
}
