import MillraceCore

/// What the jobs of a made-up handler are like.
struct Profile: Sendable {
  var name: String
  /// The usual peak and run time; single attempts differ.
  var peak: Bytes
  var run: Int64
  var cpuMillis: Int64
}

/// What will become of an attempt, as far as it is up to itself: drawn from the seed and its number alone, so
/// that it is the same under every policy.
struct Fate {
  enum Ending { case success, failure, crash, unknown, snooze }

  var isRefused: Bool
  /// From its admission until its process exists.
  var startDelay: Duration
  var run: Duration
  var ending: Ending
  var peak: Bytes
  /// How long it takes to its peak.
  var rise: Duration
  var cpuMillis: Int64
  /// It fills its limit and gets nowhere.
  var isThrashing: Bool
  /// It does not end when it is told to.
  var isDeaf: Bool
  var stopDelay: Duration

  init(of id: AttemptID, job: Job, profile: Profile, seed: UInt64, twists: Set<Twist>) {
    let own = UInt64(bitPattern: id.job.rawValue) &* 0xd6e8_feb8_6659_fd93 &+ UInt64(id.number)
    var random = SeededGenerator(seed: seed &+ own &* 0xa076_1d64_78bd_642f)
    // Drawn in any case, so that a twist changes nothing but its own kind.
    let lots = (0..<6).map { _ in Int.random(in: 0..<12, using: &random) }
    let terms = job.submission.terms
    let limit = Course.limits(of: job).memory
    isRefused = twists.contains(.refusedStarts) && lots[0] == 0
    startDelay = random.seconds(0...(twists.contains(.slowStarts) ? 3 : 0))
    let longest = terms.timeout.components.seconds
    let length = Int64.random(in: 0...2 * profile.run, using: &random)
    run = .seconds(twists.contains(.timeouts) ? length : min(length, max(0, longest - 1)))
    ending =
      switch lots[1] {
      case 0, 1: twists.contains(.failures) ? .failure : .success
      case 2: twists.contains(.crashes) ? .crash : .success
      case 3: twists.contains(.unknownEnds) ? .unknown : .success
      // Not for ever: it comes to its end at last.
      case 4: twists.contains(.snoozes) && id.number < 8 ? .snooze : .success
      default: .success
      }
    let share = Int64.random(in: 20...120, using: &random)
    let usual = min(Bytes(profile.peak.rawValue / 100 * share), limit)
    peak = twists.contains(.overuse) && lots[2] == 0 ? Bytes(limit.rawValue + limit.rawValue / 2) : usual
    rise = random.seconds(0...10)
    cpuMillis = profile.cpuMillis * Int64.random(in: 5...15, using: &random) / 10
    isThrashing = twists.contains(.thrashing) && lots[3] == 0
    isDeaf = twists.contains(.deafness) && lots[4] < 4
    stopDelay = random.seconds(0...4)
  }

  /// When, after its start, it would pass its limit; nil if it never does.
  func timeToLimit(_ limit: Bytes) -> Duration? {
    peak > limit ? .microseconds(rise.microseconds * 2 / 3) : nil
  }

  /// What it holds after so long.
  func use(after time: Duration, limit: Bytes) -> Bytes {
    if isThrashing { return limit }
    guard time < rise else { return peak }
    // From a quarter of the peak on, in a straight line.
    let quarter = peak.rawValue / 4
    return Bytes(quarter + (peak.rawValue - quarter) / rise.microseconds * max(0, time.microseconds))
  }
}
