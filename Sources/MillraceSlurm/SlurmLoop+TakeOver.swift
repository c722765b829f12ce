import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux

extension SlurmLoop {
  /// Takes over what a former runner left, by the ledgers of the spool; Slurm need not answer for that.
  func takeOver(_ open: [KeptAttempt]) throws -> [AttemptID] {
    let open = Set(open.map(\.attempt))
    var kept: [AttemptID] = []
    for name in try spool.names().sorted() where bundles[name] == nil {
      guard let ledger = try spool.ledger(name), try isThere(ledger) else {
        // It was being made, or removed.
        remove(name)
        continue
      }
      kept += try adopt(ledger, open)
    }
    return kept
  }

  /// Whether it may have been submitted: that comes after its directory.
  private func isThere(_ ledger: BundleLedger) throws -> Bool {
    let entry = try SpoolEntry(ledger.name, in: spool.bundles, owner: ledger.user.uid)
    return entry != nil || ledger.job != nil
  }

  private func adopt(_ ledger: BundleLedger, _ open: Set<AttemptID>) throws -> [AttemptID] {
    let now = ContinuousClock.now
    let bundle = Bundle(ledger, ledger.job == nil ? .doubtful : .submitted, at: now)
    if ledger.closed != nil { bundle.closedSince = now }
    bundles[ledger.name] = bundle
    var kept: [AttemptID] = []
    for attempt in ledger.attempts {
      var ridden = Ridden()
      if ledger.released.contains(attempt) {
        ridden.phase = .ended
      } else if open.contains(attempt) {
        ridden.logged = loggedBytes(of: attempt)
        logs.begin(attempt)
        rides[attempt] = bundle
        kept.append(attempt)
      } else {
        // Nobody knows of it any more.
        bundle.ledger.released.insert(attempt)
        ridden.phase = .ended
        try disown(attempt, in: bundle)
      }
      bundle.attempts[attempt] = ridden
      if kept.last == attempt, ledger.decided[attempt] != nil { tellDecision(of: attempt, in: bundle) }
    }
    if bundle.unresolved.isEmpty, bundle.ledger.lost.isEmpty { bundle.wantsCancel = true }
    look(at: bundle, now)
    return kept
  }

  private func disown(_ attempt: AttemptID, in bundle: Bundle) throws {
    guard let entry = try SpoolEntry(bundle.name, in: spool.bundles, owner: bundle.ledger.user.uid) else {
      return
    }
    if try !claim(attempt, in: entry) { try entry.replace("\(attempt).stop", "kill\n") }
    bundle.wantsNudge = true
  }

  /// How much of an attempt's log a former runner has kept here.
  private func loggedBytes(of attempt: AttemptID) -> Int {
    var count = 0
    do {
      while let bytes = try logs.read(attempt, from: Int64(count), atMost: 1 << 20), !bytes.isEmpty {
        count += bytes.count
      }
    } catch {
      logger.error("log not read", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
    }
    return count
  }
}
