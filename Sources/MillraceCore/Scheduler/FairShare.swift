/// What each share has used of the machine, older use counting less.
struct FairShare: Sendable {
  /// What one share has used, as of a time.
  private struct Meter: Sendable {
    var share: String
    var use: Double
    var at: Timestamp
  }

  /// With more shares than this, those that have used the least are forgotten.
  static let maxShares = 1000

  private let rules: FairShareRules
  /// In the order of names: sums of floating-point numbers depend on their order.
  private var meters: [Meter] = []

  init(rules: FairShareRules) { self.rules = rules }

  /// Charges a share with a part of the machine over a time.
  mutating func charge(_ share: String, part: Double, over time: Duration, at now: Timestamp) {
    let use = part * time.seconds
    let place = place(of: share)
    if place < meters.count, meters[place].share == share {
      meters[place] = Meter(share: share, use: decayed(meters[place], at: now) + use, at: now)
    } else {
      meters.insert(Meter(share: share, use: use, at: now), at: place)
      if meters.count > Self.maxShares { forget(at: now) }
    }
  }

  /// Returns how much later the jobs of each of these shares come, in microseconds: the part of all use that
  /// is its own, times the weight; zero for nobody's jobs. `running` is what the running attempts have used
  /// and are not charged for yet.
  func penalties(of shares: [String?], running: [String: Double], at now: Timestamp) -> [Int64] {
    let charged = meters.reduce(0.0) { $0 + decayed($1, at: now) }
    let total = running.sorted { $0.key < $1.key }.reduce(charged) { $0 + $1.value }
    guard total > 0 else { return [Int64](repeating: 0, count: shares.count) }
    let weight = min(Double(rules.weight.microseconds), 0x1p62)
    return shares.map { share in
      guard let share else { return 0 }
      let place = place(of: share)
      let isKnown = place < meters.count && meters[place].share == share
      let use = (isKnown ? decayed(meters[place], at: now) : 0) + (running[share] ?? 0)
      return Int64(min(use / total, 1) * weight)
    }
  }

  /// Forgets the quarter that has used the least.
  private mutating func forget(at now: Timestamp) {
    let uses = meters.map { decayed($0, at: now) }
    let bound = uses.sorted()[uses.count / 4]
    meters = zip(meters, uses).filter { $1 > bound }.map(\.0)
  }

  /// Halved after each half-life, in a straight line between.
  private func decayed(_ meter: Meter, at now: Timestamp) -> Double {
    let lives = max(0, (now - meter.at).seconds / rules.halfLife.seconds)
    let whole = lives.rounded(.down)
    guard whole < 60 else { return 0 }
    return meter.use / Double(Int64(1) << Int64(whole)) * (1 - (lives - whole) / 2)
  }

  /// The first place whose share does not come before.
  private func place(of share: String) -> Int {
    var low = 0
    var high = meters.count
    while low < high {
      let middle = (low + high) / 2
      if meters[middle].share < share { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
