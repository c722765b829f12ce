/// What becomes of times that a change of the clock skips or shows twice.
///
/// It is for expressions whose minute and hour do not start with a star; the others follow the clock. As in
/// Vixie's cron a change of more than three hours is none of daylight saving: what it skips is skipped, and
/// what it repeats is repeated.
package struct DaylightRule: Sendable, Hashable, Codable {
  /// For a time that the clock skips.
  package enum Gap: String, Sendable, Hashable, CaseIterable, Codable {
    /// Run when the gap ends, once for all times in it.
    case run
    /// Do not run.
    case skip
  }

  /// For a time that the clock shows twice.
  package enum Repeat: String, Sendable, Hashable, CaseIterable, Codable {
    /// Run the first time.
    case once
    /// Run both times.
    case both
  }

  package var gap: Gap
  package var `repeat`: Repeat

  /// Makes a rule; the usual one is that of Vixie's cron.
  package init(gap: Gap = .run, repeat: Repeat = .once) {
    self.gap = gap
    self.`repeat` = `repeat`
  }

  /// The largest change of the clock that is daylight saving, in seconds.
  static let largestChange: Int64 = 3 * 3600
}
