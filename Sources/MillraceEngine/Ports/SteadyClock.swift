package import MillraceCore

/// Tells the time; it never goes back.
package protocol SteadyClock: Sendable {
  /// Returns the time now.
  func now() -> Timestamp
  /// Returns when that time has come, or throws `CancellationError`.
  func sleep(until time: Timestamp) async throws
}

/// The wall clock as it was at the start, counted on by the machine's steady clock.
package struct AnchoredClock: SteadyClock {
  private let clock = ContinuousClock()
  private let anchor: ContinuousClock.Instant
  private let wall: Timestamp

  /// Makes a clock that shows `wall` now.
  package init(wall: Timestamp) {
    anchor = clock.now
    self.wall = wall
  }

  package func now() -> Timestamp { wall + anchor.duration(to: clock.now) }

  package func sleep(until time: Timestamp) async throws {
    try await clock.sleep(until: anchor.advanced(by: time - wall), tolerance: .milliseconds(1))
  }
}
