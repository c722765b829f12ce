/// The place in time that is kept for the first job in rank (EASY backfill: Lifka, "The ANL/IBM SP scheduling
/// system", 1995): when enough of what runs will have ended for certain, and what will be used then.
///
/// A job may start before the first one if it ends before that time, or takes nothing that the first one
/// needs. One that is only expected to end before may do so as long as the first one stays within its
/// patience, even if the expectation fails. See `docs/scheduling.md` for what each rule does on traces.
struct Reservation: Sendable {
  /// When the first job can start for certain; nil if that cannot be told, and then nothing may start before
  /// it.
  let start: Timestamp?
  private let policy: Policy
  private let demand: Resources
  private let latest: Timestamp
  private var usedThen: Resources

  /// Keeps a place for a job that takes `demand`.
  ///
  /// - Parameters:
  ///   - job: the first job in rank.
  ///   - demand: what it takes.
  ///   - ends: what each running attempt takes, and until when at the latest.
  ///   - used: what all running attempts take now.
  ///   - policy: what there is.
  init(
    for job: WaitingJob, demand: Resources, ends: [(time: Timestamp, resources: Resources)],
    used: Resources, policy: Policy
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
    let patience = job.enqueued + job.timeout * policy.patience
    latest = start.map { max($0, patience) } ?? patience
  }

  /// How a job may pass the first one.
  enum Passage {
    /// It is gone before the first one needs its place.
    case ends
    /// It takes what the first one does not need.
    case beside
  }

  /// Returns how another job may pass the first one; nil if it may not.
  ///
  /// - Parameters:
  ///   - other: what it takes.
  ///   - expected: when it is expected to end.
  ///   - certain: when it has ended for certain.
  /// - Returns: how it may pass.
  func passage(of other: Resources, expected: Timestamp, certain: Timestamp) -> Passage? {
    guard let start else { return nil }
    if certain <= start || (expected <= start && certain <= latest) { return .ends }
    return policy.fits(demand, beside: usedThen + other) ? .beside : nil
  }

  /// Counts a job in that was started before the first one.
  mutating func take(_ other: Resources, by passage: Passage) {
    switch passage {
    case .ends: break
    case .beside: usedThen += other
    }
  }
}
