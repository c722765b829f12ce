extension RetryRule {
  /// Returns how long to wait before the next attempt.
  ///
  /// - Parameters:
  ///   - base: the wait before the second attempt.
  ///   - times: how many attempts are used up, at least 1.
  ///   - bound: the longest wait where the rule names none.
  ///   - lot: 0 or more, below 1: how much of the jitter is taken off.
  /// - Returns: `base` × `factor` for each attempt after the first one, no longer than the bound.
  func delay(base: Duration, times: Int, bound: Duration, lot: Double) -> Duration {
    let bound = max(.zero, maxDelay ?? bound)
    var micros = Double(min(base, bound).microseconds)
    let most = Double(bound.microseconds)
    for _ in 1..<max(times, 1) where micros > 0 && micros < most && factor > 1 { micros *= factor }
    let whole = min(micros, most) * (1 - min(max(jitter, 0), 1) * lot)
    return min(.microseconds(Int64(min(whole, 0x1p62))), bound)
  }

  /// Returns the memory limit of the attempt after one that passed its own.
  ///
  /// - Parameters:
  ///   - limit: what that attempt had.
  ///   - peak: the most that it held; nil if that is not known.
  ///   - most: what any attempt can have.
  /// - Returns: a larger limit; nil if it can't have more.
  func memory(after limit: Bytes, peak: Bytes?, atMost most: Bytes) -> Bytes? {
    let need = max(limit, peak ?? .zero)
    let step: (by: Int64, over: Int64) = need < .gibibytes(8) ? (2, 1) : (13, 10)
    let bound = min(memoryMax ?? most, most)
    let next = min(Bytes(need.rawValue.scaled(by: step.by, over: step.over)), bound)
    return next > limit ? next : nil
  }

  /// Returns how long the attempt after one that timed out may run.
  func timeout(after span: Duration) -> Duration {
    guard timeoutFactor > 1 else { return span }
    let micros = Double(span.microseconds) * timeoutFactor
    return min(.microseconds(Int64(min(micros, 0x1p62))), max(span, Self.longestTimeout))
  }

  private static let longestTimeout = Duration.seconds(36_525 * 86_400)
}
