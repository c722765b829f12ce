extension Scheduler {
  /// Notes which gate holds the first job in rank back when a pass ends; nil if none does.
  mutating func keepBack(_ head: JobID, by verdict: GateVerdict?) {
    held[head] = verdict
    if let verdict { closures[verdict.gate, default: 0] += 1 }
  }

  /// Counts the gate that closes the first lane in rank when a pass ends: its job was passed over, and who
  /// comes behind it may have been held back by another gate.
  mutating func countClosedLane(_ offsets: [Int64], at now: Timestamp) {
    let firsts = zip(lanes.indices, offsets).compactMap { place, offset in
      lanes[place].first.map { (entry: $0.moved(by: offset), place: place) }
    }
    guard let first = firsts.min(by: { $0.entry < $1.entry }) else { return }
    let lane = lanes[first.place]
    let isNext = lines.isNext(first.entry.member, in: lane.lines)
    if let gate = handlers.closedGate(lane.member, at: now) ?? (isNext ? nil : .group) {
      closures[gate, default: 0] += 1
    }
  }
}
