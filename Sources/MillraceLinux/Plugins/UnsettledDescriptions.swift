import MillraceCore

/// Builds that have not told all of themselves for a reason that is not theirs: their time ran out, which it
/// does on a busy machine, or their process was lost. Each is tried again until it has told all, or nobody
/// asks for it any more.
struct UnsettledDescriptions {
  /// By SHA-256.
  private var builds: [String: Unsettled] = [:]

  private struct Unsettled {
    /// How often it was tried.
    var tries: Int
    var next: Timestamp
    /// Why it has not told all, and when it is tried again.
    var reason: String
  }

  /// The wait before the second try: a rush, as at the start of a machine, is over by then.
  private static let firstWait = Duration.seconds(30)
  /// So often the wait is doubled, to 8 minutes: what hangs for ever keeps the directory for 15 s, and so for
  /// 3 % of the time at most.
  private static let mostDoublings = 4

  /// When the first of them is tried again; nil if none is.
  var next: Timestamp? { builds.values.map(\.next).min() }

  /// Whether a build is to be tried again now.
  func isDue(_ sha256: String, at now: Timestamp) -> Bool { builds[sha256].map { $0.next <= now } ?? false }

  /// Whether a build is not to be tried again yet.
  func isWaiting(_ sha256: String, at now: Timestamp) -> Bool {
    builds[sha256].map { now < $0.next } ?? false
  }

  /// Whether the waits of a build still grow: what it lacks may soon be there.
  func isNew(_ sha256: String) -> Bool { builds[sha256].map { $0.tries <= Self.mostDoublings } ?? false }

  /// Why a build has not told all, and when it is tried again; nil if it has.
  func reason(for sha256: String) -> String? { builds[sha256]?.reason }

  /// Throws that reason as a `LinuxError`, if there is one.
  func check(_ sha256: String) throws {
    if let reason = reason(for: sha256) { throw LinuxError("describe build `\(sha256)`", .missing(reason)) }
  }

  /// A build was tried and has not told all.
  mutating func note(_ sha256: String, _ why: String, at now: Timestamp) {
    let tries = (builds[sha256]?.tries ?? 0) + 1
    let wait = Self.firstWait * (1 << min(tries - 1, Self.mostDoublings))
    let next = now + wait
    // In the end it reads the same after each try: what is no news is not told again.
    let when = tries > Self.mostDoublings ? "every \(Int(wait.seconds) / 60) min" : "at \(next.utcText)"
    builds[sha256] = Unsettled(tries: tries, next: next, reason: "\(why); it is tried again \(when)")
  }

  /// A build has told all, or can't be used.
  mutating func settle(_ sha256: String) { builds[sha256] = nil }

  /// Forgets the builds that were due at a time, and returns them: those that are left when all files have
  /// been looked at since.
  mutating func forgetThose(dueAt time: Timestamp) -> [String] {
    let due = builds.keys.filter { isDue($0, at: time) }
    for sha256 in due { settle(sha256) }
    return due
  }
}

extension LinuxError.Reason {
  /// What it says of a build; nil if it has nothing to do with it.
  var cause: Build.Cause? {
    switch self {
    case .malformed: .description
    case .forbidden: .signature
    case .kernel, .missing: nil
    }
  }
}
