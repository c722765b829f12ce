extension Scheduler {
  /// Notes which gate holds the first job in rank back when a pass ends; nil if none does.
  mutating func keepBack(_ head: JobID, by verdict: GateVerdict?) {
    held[head] = verdict
    if let verdict { closures[verdict.gate, default: 0] += 1 }
  }

  /// Counts the gate that closes the first lane in rank when a pass ends: its job was passed over, and who
  /// comes behind it may have been held back by another gate.
  mutating func countClosedLane(_ offsets: [Int64], at now: Timestamp) {
    guard queuedInLanes > 0 else { return }
    var found: (entry: JobQueue.Entry, place: Int)?
    for (place, offset) in zip(lanes.indices, offsets) {
      guard let entry = lanes[place].first?.moved(by: offset) else { continue }
      if let found, !(entry < found.entry) { continue }
      found = (entry, place)
    }
    guard let first = found else { return }
    let lane = lanes[first.place]
    let isNext = lines.isNext(first.entry.member, in: lane.lines)
    if let gate = handlers.closedGate(lane.member, at: now) ?? (isNext ? nil : .group) {
      closures[gate, default: 0] += 1
    }
  }
}
