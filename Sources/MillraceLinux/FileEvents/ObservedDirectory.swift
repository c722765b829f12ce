import Glibc
import MillraceCore
import MillraceEngine

/// A directory that schedules watch.
struct ObservedDirectory {
  /// Absolute, without needless slashes and dots.
  let path: String
  var rules: [Rule] = []
  var presence = Presence.unknown
  /// Files that a scan found with content that had not rested.
  var fresh: Fresh?
  /// How many names were no UTF-8, and the first of them; not told yet.
  var odd: (count: Int, first: FileName)?

  /// What one schedule wants.
  struct Rule {
    let wanted: WatchedDirectory
    /// What changed before was told already.
    var since: Timestamp
    var state = State.unscanned
    /// Why it can't be watched, as the operator was told; nil if it can.
    var trouble: String?

    enum State {
      /// A scan must look for what has changed since `since`.
      case unscanned
      case scanning
      /// Everything was told up to the events that wait in the kernel.
      case told
    }

    init(_ wanted: WatchedDirectory) {
      self.wanted = wanted
      since = wanted.since - Self.tick
    }

    /// The status time of a file is that of the kernel's last tick, which may be so long ago.
    private static let tick = Duration.milliseconds(10)

    /// Whether a file with that name is wanted.
    func fits(_ name: FileName) -> Bool {
      let pattern = wanted.rule.pattern
      if name.isHidden, !pattern.text.utf8.starts(with: ".".utf8) { return false }
      return pattern.matches(String(decoding: name.bytes, as: UTF8.self))
    }

    /// Whether a scan looks for a file of that name for it.
    func isScanning(for name: FileName, changed: Timestamp) -> Bool {
      state == .scanning && changed >= since && fits(name)
    }
  }

  enum Presence {
    /// Nobody has looked yet.
    case unknown
    case watched(by: Int32, place: Place)
    /// It can't be watched. `isTriedAgain`: after a while, without an event too.
    case absent(isTriedAgain: Bool)
  }

  /// Which directory it is.
  struct Place: Equatable {
    let device: UInt64
    let inode: UInt64

    init(_ facts: stat) {
      device = UInt64(facts.st_dev)
      inode = UInt64(facts.st_ino)
    }
  }

  /// Content that had not rested: when it had changed, first and last, and when it is looked at again
  /// (monotonic, in ms).
  struct Fresh {
    var first: Timestamp
    var last: Timestamp
    var due: Int64
  }

  init(path: String) { self.path = path }

  /// Identities of files are attributes of events, which are bounded.
  static let longestPath = 1500

  /// The watch of inotify; nil if there is none.
  var watch: Int32? { if case .watched(let watch, _) = presence { watch } else { nil } }

  var isTriedAgain: Bool { if case .absent(true) = presence { true } else { false } }

  var isUnscanned: Bool { rules.contains { $0.state == .unscanned } }

  /// Events were lost, or the directory was: what has changed since `time` is looked for.
  mutating func becomeUnscanned(since time: Timestamp) {
    for index in rules.indices {
      if rules[index].state == .told { rules[index].since = max(rules[index].since, time) }
      rules[index].state = .unscanned
    }
  }

  mutating func change(_ state: Rule.State, to new: Rule.State) {
    for index in rules.indices where rules[index].state == state { rules[index].state = new }
  }

  mutating func noteFresh(_ time: Timestamp, due: Int64) {
    fresh = Fresh(
      first: min(fresh?.first ?? time, time), last: max(fresh?.last ?? time, time),
      due: max(fresh?.due ?? due, due))
  }

  /// Returns what a regular file is to the schedules that want it, of those that `isTold` chooses.
  func appearances(
    of name: FileName, _ text: String, _ facts: stat, where isTold: (Rule) -> Bool
  ) -> [FileAppearance] {
    let modified = facts.st_mtim
    let place = "\(path == "/" ? "" : path)/\(text)"
    let identity = "\(place):\(facts.st_ino):\(modified.tv_sec).\(modified.tv_nsec):\(facts.st_size)"
    return rules.filter { isTold($0) && $0.fits(name) }.map { rule in
      FileAppearance(
        schedule: rule.wanted.schedule, directory: rule.wanted.rule.directory, name: text,
        bytes: Int64(facts.st_size), modified: Timestamp(modified), identity: identity)
    }
  }

  mutating func noteOdd(_ name: FileName) { odd = (count: (odd?.count ?? 0) + 1, first: odd?.first ?? name) }

  /// Returns a path without needless slashes and dots.
  static func normal(_ path: String) -> String {
    "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  }
}

extension Timestamp {
  /// Makes one of the kernel's.
  init(_ time: timespec) {
    self.init(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  /// The time of a clock of the kernel.
  static func now(by clock: clockid_t) -> Timestamp {
    var time = timespec()
    clock_gettime(clock, &time)
    return Timestamp(time)
  }
}
