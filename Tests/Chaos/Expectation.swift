import MillraceCore

/// Which ends of an attempt may be on record, by what its process wrote down.
struct Expectation {
  let deed: Deed
  let witness: Witness?
  /// Whether the assailant killed a process of it.
  let wasKilled: Bool
  /// Whether somebody tried to cancel its job.
  let wasCancelled: Bool
  /// Whether its keeper was killed: then nobody may know how it ended.
  let wasOrphaned: Bool

  func allows(_ end: AttemptEnd) -> Bool {
    if natural(end) { return true }
    // It may have been stopped at any moment before its end.
    if wasCancelled, end.outcome == .cancelled { return true }
    if mayTimeOut, end.outcome == .timedOut { return true }
    if wasKilled, end.outcome == .crashed, end.exit == .signalled(signal: 9) { return true }
    if end.outcome == .lost { return witness == nil || wasOrphaned }
    return false
  }

  private var mayTimeOut: Bool { deed.kind == .hang || deed.kind == .deaf }

  /// Only the parent of a process is told how it ended, by most kernels.
  private func ended(_ end: AttemptEnd, _ exit: ExitStatus) -> Bool {
    end.exit == exit || wasOrphaned && end.exit == nil
  }

  /// The end that the deed itself leads to.
  private func natural(_ end: AttemptEnd) -> Bool {
    switch witness?.end {
    case "succeed": end.outcome == .succeeded && ended(end, .exited(code: 0))
    case "fail": end.outcome == .error && end.failure?.code == "no"
    case "crash": end.outcome == .crashed && ended(end, .signalled(signal: Int32(deed.n)))
    case "exit": end.outcome == .error && ended(end, .exited(code: Int32(deed.n)))
    case "snooze": end.outcome == .snoozed && ended(end, .exited(code: 0))
    case "hog": end.outcome == .oomOwnLimit
    // When it ended is not known without its parent, so neither that its time was over.
    case "stopped": mayTimeOut && wasOrphaned && end.outcome == .error && end.failure?.code == "stopped"
    case nil, _?: false
    }
  }
}
