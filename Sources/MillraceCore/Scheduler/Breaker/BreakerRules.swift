/// When a handler is no longer tried for a while.
package struct BreakerRules: Hashable, Sendable {
  /// So many jobs must have failed in a row; 1 to 10,000.
  package var failures = 10
  /// Or this part of the last attempts, above 0; nil if that does not count.
  package var rate: Double?
  /// How many attempts the part is of, 1 to 64.
  package var window = 20
  /// How long nothing is tried; doubled each time that the try after it fails …
  package var coolDown: Duration = .seconds(60)
  /// … up to this.
  package var longestCoolDown: Duration = .seconds(3600)

  package init() {}
}

/// How the breaker of a handler is.
package struct BreakerStanding: Hashable, Sendable, Codable {
  package enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
    case closed
    /// Nothing is started; from `opensAt` on, one attempt may try.
    case open
    /// That attempt runs.
    case probing
  }

  package var handler: String
  /// The build of its plugin: a new one starts anew.
  package var build: String
  package var phase: Phase
  /// How many failed in a row, or among the last attempts.
  package var failures: Int
  /// When the next attempt may try; nil unless it is open.
  package var opensAt: Timestamp?
  /// How often it has opened since the last success.
  package var times: Int

  package init(
    handler: String, build: String, phase: Phase, failures: Int, opensAt: Timestamp? = nil, times: Int = 0
  ) {
    self.handler = handler
    self.build = build
    self.phase = phase
    self.failures = failures
    self.opensAt = opensAt
    self.times = times
  }

  /// What has become of it, in one sentence.
  package var text: String {
    switch phase {
    case .closed: "the breaker of `\(handler)` is closed: its jobs may start"
    case .open: "the breaker of `\(handler)` is open after \(failures) failures: its jobs wait for a while"
    case .probing: "one job of `\(handler)` is tried after \(failures) failures"
    }
  }
}
