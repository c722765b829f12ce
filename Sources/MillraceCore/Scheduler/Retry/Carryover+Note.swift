extension Carryover {
  /// Counts the end of an attempt in.
  mutating func note(_ end: AttemptEnd, number: Int) {
    if end.isNodeFault {
      // Nothing of it has run.
      faults += 1
      return
    }
    faults = 0
    losses = end.outcome == .lost ? losses + 1 : 0
    switch end.outcome {
    case .crashed:
      evictions = 0
      if case .signalled(let signal) = end.exit { crashes.append(Crash(attempt: number, signal: signal)) }
    case .oomPressure, .evicted:
      evictions += 1
    case .lost:
      break  // It says nothing of the job, and nothing of what was before.
    case .succeeded, .error, .oomOwnLimit, .timedOut, .cancelled, .snoozed:
      (crashes, evictions) = ([], 0)
    }
    if crashes.count > Policy.mostCrashes { crashes.removeFirst() }
  }
}

extension AttemptEnd {
  /// Whether its node could not run it.
  package var isNodeFault: Bool { outcome == .lost && failure?.code == Verdict.nodeFault }
}

extension Policy {
  /// The largest value of `maxCrashes`: so many crashes are kept as evidence.
  package static let mostCrashes = 100
}
