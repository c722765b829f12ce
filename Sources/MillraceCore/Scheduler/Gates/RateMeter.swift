/// Counts starts against a rate: a sliding window, so that no span of that length ever sees more than it may.
struct RateMeter: Sendable {
  /// The last starts, at most as many as may be in the span; a ring.
  private var starts: [Timestamp] = []
  private var oldest = 0

  /// Returns when the next start may be; nil for at once.
  func next(_ rate: Rate) -> Timestamp? {
    starts.count < rate.count ? nil : starts[oldest] + rate.span
  }

  /// Counts a start.
  mutating func count(at now: Timestamp, _ rate: Rate) {
    guard starts.count >= rate.count else { return starts.append(now) }
    starts[oldest] = now
    oldest = (oldest + 1) % starts.count
  }
}
