/// Counts starts against a rate: a sliding window, so that no span of that length ever sees more than it may.
struct RateMeter: Sendable {
  /// The last starts in the order of time.
  private var starts: [Timestamp] = []

  /// Returns when the next start may be; nil for at once.
  func next(_ rate: Rate) -> Timestamp? {
    starts.count < rate.count ? nil : starts[starts.count - rate.count] + rate.span
  }

  /// Counts a start, keeping the newest so many.
  mutating func count(at time: Timestamp, keeping bound: Int) {
    let place = starts.lastIndex { $0 <= time }.map { $0 + 1 } ?? 0
    starts.insert(time, at: place)
    if starts.count > bound { starts.removeFirst(starts.count - bound) }
  }
}
