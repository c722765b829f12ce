/// The place in time that is kept for the first job in rank (EASY backfill: Lifka, "The ANL/IBM SP scheduling
/// system", 1995): when enough of what runs will have ended, and what will be used then.
struct Reservation: Sendable {
  /// When the first job can start by what is known; nil if that cannot be told, and then nothing may start
  /// before it.
  let start: Timestamp?
  private let policy: Policy
  private let demand: Resources
  private var usedThen: Resources

  /// Keeps a place.
  ///
  /// - Parameters:
  ///   - demand: what the first job needs.
  ///   - ends: what each running attempt takes, and until when.
  ///   - used: what all running attempts take now.
  ///   - policy: what there is in all.
  init(
    for demand: Resources, ends: [(time: Timestamp, resources: Resources)], used: Resources, policy: Policy
  ) {
    self.policy = policy
    self.demand = demand
    var used = used
    var start: Timestamp?
    let ends = ends.sorted { $0.time < $1.time }
    for (index, end) in ends.enumerated() {
      used = used - end.resources
      // Attempts that end together make room together.
      if index + 1 < ends.count, ends[index + 1].time == end.time { continue }
      if policy.fits(demand, beside: used) {
        start = end.time
        break
      }
    }
    self.start = start
    usedThen = used
  }

  /// Whether another job may run until `end` without delaying the first one.
  func admits(_ other: Resources, until end: Timestamp) -> Bool {
    guard let start else { return false }
    return end <= start || policy.fits(demand, beside: usedThen + other)
  }

  /// Counts a job in that was started before the first one.
  mutating func take(_ other: Resources, until end: Timestamp) {
    if let start, end > start { usedThen += other }
  }
}
