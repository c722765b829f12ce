import MillraceCore

/// How a build of a plugin is started at best: warm, warm without its warm-up, or without a host.
struct WarmLadder {
  enum Rung: Equatable {
    case warm
    case withoutWarmUp
    /// For good, or until a time (monotonic, in ms) if its hosts only die.
    case noHost(until: Int64?)
  }

  private(set) var rung = Rung.warm
  /// Hosts that died in a row without having started an attempt since.
  private var deaths = 0
  /// How often it had to do without for a while.
  private var pauses = 0

  /// How many hosts may die in a row, and how long none is made after that, in ms: twice as long each time.
  static let maxDeaths = 3
  static let firstPause: Int64 = 30_000
  private static let maxDoublings = 7

  /// Whether a host may be made for it.
  func allowsHost(at now: Int64) -> Bool {
    switch rung {
    case .warm, .withoutWarmUp: true
    case .noHost(let time): time.map { $0 <= now } ?? false
    }
  }

  /// A host of it was of no use; returns the sentence for the operator.
  mutating func fall(_ plugin: String, canSkipWarmUp: Bool, because reason: String) -> String {
    rung = canSkipWarmUp ? .withoutWarmUp : .noHost(until: nil)
    let next = canSkipWarmUp ? "its hosts go without warm-up" : "its jobs start without a warm host"
    return "plugin `\(plugin)` can't be warm: \(reason); \(next)"
  }

  /// A warm host of it has died; returns the sentence for the operator if there will be none for a while.
  mutating func died(_ plugin: String, because reason: String, at now: Int64) -> String? {
    deaths += 1
    guard deaths >= Self.maxDeaths else { return nil }
    let pause = Self.firstPause << min(pauses, Self.maxDoublings)
    deaths = 0
    pauses += 1
    rung = .noHost(until: now + pause)
    return "warm hosts of plugin `\(plugin)` keep dying (\(reason)); its jobs start without one for "
      + Duration.milliseconds(pause).text
  }

  /// A host of it has started an attempt.
  mutating func forked() {
    deaths = 0
    if case .noHost(_?) = rung { rung = .warm }
  }
}
