extension Scheduler {
  /// Notes which gate holds the first job in rank back when a pass ends; nil if none does.
  mutating func keepBack(_ head: JobID, by verdict: GateVerdict?) {
    held[head] = verdict
    if let verdict { closures[verdict.gate, default: 0] += 1 }
  }

  /// Counts the gate that closes the first lane in rank when a pass ends: its job was passed over, and who
  /// comes behind it may have been held back by another gate.
  mutating func countClosedLane(_ offsets: [Int64], at now: Timestamp) {
    guard let (job, lane) = first(offsets, in: { _ in true }) else { return }
    let isNext = lines.isNext(job, in: lane.lines)
    if let gate = handlers.closedGate(lane.member, at: now) ?? (isNext ? nil : .group) {
      closures[gate, default: 0] += 1
    }
  }
}
