/// What the gates look at: the runner at one moment of its decision.
struct Situation: Sendable {
  var policy: Policy
  var now: Timestamp
  var isDraining: Bool
  /// Who has paused the runner; nil if nobody has.
  var pause: Pause?
  /// What the running attempts take.
  var used: Resources
  var pressure: PressureMonitor
  var lastStart: Timestamp?

  /// When the next start may be, as far as the distance to the last one matters.
  var nextStart: Timestamp? {
    guard let lastStart else { return nil }
    let stagger =
      pressure.level == .none ? policy.stagger : max(policy.stagger, policy.staggerUnderPressure)
    return stagger > .zero ? lastStart + stagger : nil
  }

  /// Whether nothing at all can start now, whatever it is.
  var isClosedForAll: Bool {
    isDraining || pause != nil || used.slots >= policy.capacity.slots || pressure.level == .critical
      || nextStart.map { $0 > now } ?? false
  }

  /// Counts a start in.
  mutating func take(_ demand: Resources) {
    used += demand
    lastStart = now
  }
}
