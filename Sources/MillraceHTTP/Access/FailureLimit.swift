import Synchronization

/// Makes guessing of tokens slow: an address with too many wrong ones has to wait.
final class FailureLimit: Sendable {
  /// So many may be wrong within `span`.
  static let most = 10
  static let span = Duration.seconds(60)
  /// Of so many addresses failures are remembered; beyond it the oldest are forgotten.
  static let mostAddresses = 1024

  private struct Failures {
    var count: Int
    var first: ContinuousClock.Instant
  }

  private let failures = Mutex<[String: Failures]>([:])
  private let now: @Sendable () -> ContinuousClock.Instant

  init(now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }) { self.now = now }

  /// Returns for how many seconds an address has to wait; nil if it need not.
  func wait(of address: String) -> Int? {
    let now = now()
    return failures.withLock { failures in
      guard let known = failures[address], known.count >= Self.most else { return nil }
      let left = Self.span - (now - known.first)
      return left > .zero ? Int(left.components.seconds) + 1 : nil
    }
  }

  /// Notes a wrong token.
  func note(_ address: String) {
    let now = now()
    failures.withLock { failures in
      if let known = failures[address], now - known.first < Self.span {
        failures[address]?.count += 1
        return
      }
      failures[address] = Failures(count: 1, first: now)
      guard failures.count > Self.mostAddresses else { return }
      if let oldest = failures.min(by: { $0.value.first < $1.value.first }) { failures[oldest.key] = nil }
    }
  }
}
