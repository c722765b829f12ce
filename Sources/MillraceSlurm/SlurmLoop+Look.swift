import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux

extension SlurmLoop {
  /// Looks at what the host of a bundle has written, and concludes from it.
  func look(at bundle: Bundle, _ now: Instant) {
    do {
      guard let entry = try SpoolEntry(bundle.name, in: spool.bundles, owner: bundle.ledger.user.uid) else {
        return vanish(bundle, now)
      }
      // Before all others: what is not there by now does not come any more.
      try readHost(entry, bundle, now)
      try readAttempts(entry, bundle, now)
      try judge(entry, bundle, now)
      bundle.isComplaining = false
    } catch {
      if !bundle.isComplaining {
        logger.error("bundle not read", metadata: ["bundle": "\(bundle.name)", "error": "\(error)"])
      }
      bundle.isComplaining = true
    }
    concludeIfReleased(bundle, now)
  }

  private func readHost(_ entry: borrowing SpoolEntry, _ bundle: Bundle, _ now: Instant) throws {
    if bundle.done == nil, let text = try entry.text("done") {
      bundle.done = DoneText(text)
      bundle.doneSince = now
    }
    if let beat = try entry.text("heartbeat").flatMap(HeartbeatText.init), beat != bundle.beat {
      bundle.beat = beat
      bundle.stillSince = now
    }
  }

  private func readAttempts(_ entry: borrowing SpoolEntry, _ bundle: Bundle, _ now: Instant) throws {
    var idle = 0
    for attempt in bundle.unresolved {
      if case .waiting = bundle.attempts[attempt]?.phase {
        guard try entry.has("\(attempt).started") else {
          // They start in their order.
          idle += 1
          if idle > bundle.ledger.parallel { break }
          continue
        }
        begin(attempt, StartedText(try entry.text("\(attempt).started") ?? ""), in: bundle)
      }
      guard case .running = bundle.attempts[attempt]?.phase else { continue }
      let ended = try entry.text("\(attempt).ended")
      try readOutput(of: attempt, entry, bundle)
      if let ended { end(attempt, EndedText(ended), entry, bundle, now) }
    }
    for attempt in bundle.ledger.lost where bundle.ledger.released.contains(attempt) {
      guard let ended = try entry.text("\(attempt).ended") else { continue }
      bundle.ledger.late.insert(attempt)
      note(bundle)
      events.yield(.late(attempt, report(of: attempt, EndedText(ended), entry, bundle, nil)))
    }
  }

  private func begin(_ attempt: AttemptID, _ started: StartedText, in bundle: Bundle) {
    bundle.attempts[attempt]?.phase = .running
    // Slurm knows better than what was written where jobs may write.
    bundle.attempts[attempt]?.node = bundle.node ?? started.node ?? bundle.beat?.node
    tell(attempt, in: bundle)
    events.yield(.started(attempt))
  }

  /// Brings what an attempt has written, and its progress, to where they are looked for.
  private func readOutput(of attempt: AttemptID, _ entry: borrowing SpoolEntry, _ bundle: Bundle) throws {
    let bound = Int(logs.cap.rawValue)
    while let logged = bundle.attempts[attempt]?.logged, logged < bound {
      let bytes = try entry.bytes("\(attempt).log", from: logged, atMost: min(256 << 10, bound - logged))
      guard !bytes.isEmpty else { break }
      bytes.withUnsafeBytes { logs.append(attempt, $0) }
      bundle.attempts[attempt]?.logged += bytes.count
    }
    if let progress = try entry.text("\(attempt).progress").flatMap(ProgressText.progress),
      progress != bundle.attempts[attempt]?.progress
    {
      bundle.attempts[attempt]?.progress = progress
      events.yield(.progress(attempt, progress))
    }
  }

  private func end(
    _ attempt: AttemptID, _ ended: EndedText, _ entry: borrowing SpoolEntry, _ bundle: Bundle, _ now: Instant
  ) {
    guard let ridden = bundle.attempts[attempt] else { return }
    let interruption: Interruption?
    switch ended.stopped {
    case _ where ended.fault != nil: interruption = .nodeFault(ended.fault ?? "")
    case nil:
      // Slurm sends SIGTERM to all processes of a job: its host may not have had time to note that.
      guard ridden.stop != nil || !wasTerminated(attempt, ended, entry) else {
        bundle.attempts[attempt]?.phase = .held(ended, since: now)
        return
      }
      interruption = nil
    case .timeout: interruption = ridden.stop == nil ? .timeLimit : nil
    case .closed, .fenced: interruption = .nodeLost
    case .term, .kill:
      // Slurm has had it stopped, and says why as soon as the job is over.
      guard ridden.stop != nil || ended.exit == .exited(code: 0) else {
        bundle.attempts[attempt]?.phase = .held(ended, since: now)
        return
      }
      interruption = nil
    }
    conclude(attempt, ended, entry, bundle, interruption)
  }

  /// Whether an attempt has failed after a SIGTERM.
  private func wasTerminated(
    _ attempt: AttemptID, _ ended: EndedText, _ entry: borrowing SpoolEntry
  ) -> Bool {
    switch ended.exit {
    case .exited(code: 0)?: false
    case .signalled(signal: SIGTERM)?: true
    case .exited?, .signalled?, nil: outcome(of: attempt, entry)?.wasTerminated ?? false
    }
  }

  /// What an attempt has left; nil if it has left nothing, or nothing that can be read.
  func outcome(of attempt: AttemptID, _ entry: borrowing SpoolEntry) -> OutcomeFile.Contents? {
    do {
      return try OutcomeFile.read("\(attempt).outcome", in: entry.number, maxResult: settings.maxResult)
    } catch {
      logger.error("outcome not read", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
      return nil
    }
  }

  /// Tells the end of an attempt.
  func conclude(
    _ attempt: AttemptID, _ ended: EndedText, _ entry: borrowing SpoolEntry, _ bundle: Bundle,
    _ interruption: Interruption?
  ) {
    let report = report(of: attempt, ended, entry, bundle, interruption)
    bundle.attempts[attempt]?.phase = .ended
    logs.end(attempt)
    events.yield(.ended(attempt, report))
  }

  private func report(
    of attempt: AttemptID, _ ended: EndedText, _ entry: borrowing SpoolEntry, _ bundle: Bundle,
    _ interruption: Interruption?
  ) -> AttemptReport {
    let left = outcome(of: attempt, entry)
    var report = AttemptReport(exit: ended.exit, usage: ended.usage, word: left?.word)
    report.checkpoint = left?.checkpoint
    // A node's clock may be wrong, or what it says of it.
    report.ended = ended.time.map { min(max($0, bundle.ledger.made), Self.wall()) }
    if let began = ended.started, let time = ended.time, let end = report.ended {
      report.ran = min(max(.zero, time - began), end - bundle.ledger.made)
    }
    report.whereabouts = bundle.whereabouts(of: attempt)
    if report.whereabouts?.node == nil { report.whereabouts?.node = ended.node }
    report.interruption = interruption
    report.memoryKill = bundle.ledger.memory.map(MemoryKill.request)
    return report
  }

  /// A bundle's directory is gone, and nobody here has removed it.
  private func vanish(_ bundle: Bundle, _ now: Instant) {
    guard !bundle.unresolved.isEmpty || bundle.isOver else { return }
    if bundle.closedSince == nil {
      bundle.closedSince = now
      bundle.wantsCancel = !bundle.isOver
      logger.error("bundle has vanished from the spool", metadata: ["bundle": "\(bundle.name)"])
    }
    guard bundle.isOver || bundle.submission == .waiting else { return }
    decide(bundle.unresolved.map { ($0, .interrupted(.nodeLost)) }, in: bundle)
    concludeIfReleased(bundle, now)
  }
}
