/// What each share has used of the machine, older use counting less.
struct FairShare: Sendable {
  private let rules: FairShareRules
  private var meters: [String: (use: Double, at: Timestamp)] = [:]

  init(rules: FairShareRules) { self.rules = rules }

  /// Charges a share with a part of the machine over a time.
  mutating func charge(_ share: String, part: Double, over time: Duration, at now: Timestamp) {
    let use = (meters[share].map { decayed($0, at: now) } ?? 0) + part * time.seconds
    meters[share] = (use, now)
  }

  /// Returns how much later the jobs of each share come, in microseconds: the part of all use that is its
  /// own, times the weight. `running` is what the running attempts have used and are not charged for yet.
  func penalties(running: [String: Double], at now: Timestamp) -> [String: Int64] {
    var use = running
    for (share, meter) in meters { use[share, default: 0] += decayed(meter, at: now) }
    // In a fixed order: sums of floating-point numbers depend on it.
    let total = use.keys.sorted().reduce(0.0) { $0 + (use[$1] ?? 0) }
    guard total > 0 else { return [:] }
    let weight = min(Double(rules.weight.microseconds), 0x1p62)
    return use.mapValues { Int64(min($0 / total, 1) * weight) }
  }

  /// Halved after each half-life, in a straight line between.
  private func decayed(_ meter: (use: Double, at: Timestamp), at now: Timestamp) -> Double {
    let lives = max(0, (now - meter.at).seconds / rules.halfLife.seconds)
    let whole = lives.rounded(.down)
    guard whole < 60 else { return 0 }
    return meter.use / Double(Int64(1) << Int64(whole)) * (1 - (lives - whole) / 2)
  }
}
