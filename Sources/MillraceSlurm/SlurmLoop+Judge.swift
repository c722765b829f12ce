import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux

/// What becomes of attempts whose host does not end them itself.
///
/// None is given back while it may run. One that no host has claimed is claimed here: then no host can start
/// it. One that a host has claimed is given back once the host says that nothing runs (`done`), or has not
/// been heard of for longer than it goes on by itself (`fence`).
extension SlurmLoop {
  func judge(_ entry: borrowing SpoolEntry, _ bundle: Bundle, _ now: Instant) throws {
    guard !bundle.unresolved.isEmpty else { return }
    try judgeHeld(entry, bundle, now)
    if let done = bundle.done {
      try judgeDone(done, entry, bundle, now)
    } else if let over = bundle.overSince {
      // What the host wrote last may not be seen here yet.
      guard over + settings.settle <= now else { return }
      try judgeOver(entry, bundle, now)
    } else if bundle.beat != nil, bundle.stillSince + settings.fence <= now {
      try close(entry, bundle, now)
      try giveBack(.nodeLost, .nodeLost, entry, bundle, now)
    }
  }

  /// Ends those that Slurm has had stopped, once it says why.
  private func judgeHeld(_ entry: borrowing SpoolEntry, _ bundle: Bundle, _ now: Instant) throws {
    for attempt in bundle.unresolved {
      guard case .held(let ended, let since) = bundle.attempts[attempt]?.phase else { continue }
      if ended.stopped == nil, bundle.state == .running, let seen = bundle.stateSeen, seen > since {
        // Slurm lets the job run: somebody else has sent the signal.
        conclude(attempt, ended, entry, bundle, nil)
        continue
      }
      guard bundle.isOver || since + Self.patience <= now else { continue }
      let isMemory = try memoryWords(entry)
      let cause = bundle.ending?.interruption ?? (isMemory ? .outOfMemory : nil)
      conclude(attempt, ended, entry, bundle, ended.stopped == nil ? cause : cause ?? .preempted)
    }
  }

  /// How long it is waited for Slurm to say why it has stopped a job.
  private static let patience: Duration = .seconds(60)

  private func judgeDone(
    _ done: DoneText, _ entry: borrowing SpoolEntry, _ bundle: Bundle, _ now: Instant
  ) throws {
    let since = bundle.doneSince ?? now
    var cause = done.fault.map(Interruption.nodeFault)
    if cause == nil {
      guard since + settings.settle <= now else { return }
      if done.reason == "signal" {
        guard bundle.isOver || since + Self.patience <= now else { return }
        cause = bundle.ending?.interruption ?? .preempted
      }
    }
    decide(bundle.unresolved.map { ($0, .interrupted(cause ?? .nodeLost)) }, in: bundle)
  }

  /// The job is over by Slurm's word, and its host has not said that it has done.
  private func judgeOver(_ entry: borrowing SpoolEntry, _ bundle: Bundle, _ now: Instant) throws {
    if bundle.ending == .failed, bundle.exitCode == .unasked { bundle.exitCode = .asked }
    if bundle.exitCode == .asked || bundle.exitCode == .asking { return }
    try close(entry, bundle, now)
    if bundle.ending == .failed, bundle.node == nil {
      // It never had a node: none can do what was asked for.
      let why = "Slurm refuses: no node can run it (\(bundle.reason ?? "FAILED"))"
      let claimed = try bundle.unresolved.filter { try claim($0, in: entry) }
      return decide(claimed.map { ($0, .refused(why)) }, in: bundle)
    }
    let isMemory = try memoryWords(entry)
    let running: Interruption = isMemory ? .outOfMemory : bundle.ending?.interruption ?? .nodeLost
    try giveBack(running, try causeOfWaiting(entry, bundle), entry, bundle, now)
  }

  /// What keeps those from running that have not started, though their job is over.
  private func causeOfWaiting(_ entry: borrowing SpoolEntry, _ bundle: Bundle) throws -> Interruption {
    switch bundle.ending {
    case .cancelled?, .preempted?, .revoked?, .deadline?, .bootFail?, .launchFailed?, .reconfigurationFailed?:
      return bundle.ending?.interruption ?? .nodeLost
    case .failed? where bundle.beat == nil:
      // Its host did not come up.
      let code: Int32? = if case .known(let code) = bundle.exitCode { code } else { nil }
      let words = try lastWords(entry).map { ": \($0)" } ?? ""
      return .nodeFault("`millrace-host batch` ended with \(code.map { "code \($0)" } ?? "a signal")\(words)")
    case .completed?, .failed?, .timeout?, .outOfMemory?, .nodeFail?, nil: return .nodeLost
    }
  }

  /// Ends what can't run any more: those that have run by `running`, those that have not by `waiting`.
  private func giveBack(
    _ running: Interruption, _ waiting: Interruption, _ entry: borrowing SpoolEntry, _ bundle: Bundle,
    _ now: Instant
  ) throws {
    let silence = bundle.beat == nil ? bundle.closedSince ?? now : bundle.stillSince
    let isFenced = silence + settings.fence + settings.fenceMargin <= now
    var decisions: [(AttemptID, BundleLedger.Decision)] = []
    for attempt in bundle.unresolved {
      switch bundle.attempts[attempt]?.phase {
      case .waiting?:
        if try claim(attempt, in: entry) { decisions.append((attempt, .interrupted(waiting))) }
      case .running?:
        guard isFenced else { continue }
        logger.warning(
          "attempt given up", metadata: ["attempt": "\(attempt)", "bundle": "\(bundle.name)"])
        decisions.append((attempt, .interrupted(running)))
      case .held?, .ended?, nil: break
      }
    }
    decide(decisions, in: bundle)
  }

  /// Forbids a host to start anything more, or to go on.
  private func close(_ entry: borrowing SpoolEntry, _ bundle: Bundle, _ now: Instant) throws {
    guard bundle.closedSince == nil else { return }
    _ = try entry.create("closed", "")
    bundle.closedSince = now
    bundle.ledger.closed = Self.wall()
    note(bundle)
    if !bundle.isOver { bundle.wantsCancel = true }
  }

  /// Whether Slurm says in the job's output that it was killed for its memory: some set-ups call that FAILED.
  private func memoryWords(_ entry: borrowing SpoolEntry) throws -> Bool {
    let text = String(decoding: try entry.bytes("host.log", from: 0, atMost: 64 << 10), as: UTF8.self)
    return text.split(separator: "\n").contains { line in
      line.hasPrefix("slurmstepd") && (line.contains("memory limit") || line.contains("oom-kill event"))
    }
  }

  /// The last line of what the host has printed; nil if it is empty.
  private func lastWords(_ entry: borrowing SpoolEntry) throws -> String? {
    let text = String(decoding: try entry.bytes("host.log", from: 0, atMost: 64 << 10), as: UTF8.self)
    return text.split(separator: "\n").last { !$0.hasPrefix("slurmstepd") && !$0.hasPrefix("hint:") }.map {
      line in
      String(line.unicodeScalars.prefix(300).map { $0.value < 0x20 ? " " : Character($0) })
    }
  }
}
