/// The wish to be run again later instead of now; no attempt is used up.
///
/// A handler throws it, best by way of ``Context/snooze(for:because:)``.
public struct Snooze: Error, Hashable, Sendable {
  /// How long to wait, up to a year.
  public var delay: Duration
  /// Why, for people; nil if it goes without saying.
  public var reason: String?

  /// Makes a wish.
  public init(for delay: Duration, because reason: String? = nil) {
    self.delay = delay
    self.reason = reason
  }
}
