import MillraceCore

/// Decides which warm host starts which attempt, and when hosts come and go. It does nothing itself: times
/// are monotonic, in ms, and come in as arguments.
///
/// A key's host is found in three tiers: the host that is prepared for it, a host of the plugin that nobody
/// needs, which is then prepared for it, and a new host.
struct WarmPool {
  /// What an attempt needs a host for.
  struct Wish: Equatable {
    var plugin: Plugin
    var handler: String
    /// The affinity key; nil if there is none or the handler does not prepare for keys.
    var key: String?

    var binding: Binding? { key.map { Binding(handler: handler, key: $0) } }
  }

  /// What a host is prepared for.
  struct Binding: Hashable {
    var handler: String
    var key: String
  }

  /// Where an attempt starts.
  enum Placement: Equatable {
    /// From this host, at once.
    case fork(UInt32)
    /// From this host, as soon as it can.
    case wait(UInt32)
    /// From this host, as soon as it is prepared, which it is to be asked for.
    case prepare(UInt32, Binding)
    /// From a new host, as soon as it is warm; the one that must go for it comes first.
    case open(UInt32, closing: UInt32?)
    /// Without a host.
    case lower
  }

  private(set) var hosts: [UInt32: PooledHost] = [:]
  private var ladders: [String: WarmLadder] = [:]
  private var nextNumber: UInt32 = 1
  private let settings: WarmSettings

  /// How many forks a host is asked for at once; the keeper's socket to it must hold them.
  static let maxAsked = 16

  init(_ settings: WarmSettings) { self.settings = settings }

  /// Finds a place for an attempt. What is `fork` counts as asked for.
  mutating func place(_ wish: Wish, at now: Int64) -> Placement {
    let ladder = ladders[wish.plugin.sha256] ?? WarmLadder()
    guard settings.hosts > 0, ladder.allowsHost(at: now) else { return .lower }
    expireBindings(at: now)
    let own = hosts.values.filter { $0.plugin.sha256 == wish.plugin.sha256 && !$0.isClosing }
      .sorted { $0.number < $1.number }
    guard let binding = wish.binding else { return placeUnbound(wish, own, at: now) }
    if let bound = own.first(where: { $0.binding == binding }) { return use(bound.number, at: now) }
    if let free = own.first(where: { $0.isFree && $0.binding == nil }) {
      return rebind(free.number, binding, at: now)
    }
    // If one must go, it had better stay and be prepared anew, if it can.
    if hosts.count >= settings.hosts, let oldest = oldestFree, own.contains(where: { $0.number == oldest }) {
      return rebind(oldest, binding, at: now)
    }
    if let placement = open(wish, at: now) { return placement }
    return .lower
  }

  /// Of the hosts that nobody needs now, the one that was used longest ago.
  private var oldestFree: UInt32? {
    hosts.values.filter(\.isFree).min { ($0.lastUse, $0.number) < ($1.lastUse, $1.number) }?.number
  }

  /// Any host of the plugin does, best one that no key needs.
  private mutating func placeUnbound(_ wish: Wish, _ own: [PooledHost], at now: Int64) -> Placement {
    let best = own.min { left, right in
      (left.canFork ? 0 : 1, left.binding == nil ? 0 : 1, left.asked)
        < (right.canFork ? 0 : 1, right.binding == nil ? 0 : 1, right.asked)
    }
    if let best { return use(best.number, at: now) }
    return open(wish, at: now) ?? .lower
  }

  private mutating func use(_ number: UInt32, at now: Int64) -> Placement {
    guard var host = hosts[number] else { preconditionFailure("a host that is not there is used") }
    host.lastUse = now
    defer { hosts[number] = host }
    guard host.canFork, host.asked < Self.maxAsked, host.waiting == 0 else {
      host.waiting += 1
      return .wait(number)
    }
    host.asked += 1
    return .fork(number)
  }

  private mutating func rebind(_ number: UInt32, _ binding: Binding, at now: Int64) -> Placement {
    hosts[number]?.prepare(for: binding, until: now + settings.warmUp.milliseconds, at: now)
    hosts[number]?.waiting += 1
    return .prepare(number, binding)
  }

  private mutating func open(_ wish: Wish, at now: Int64) -> Placement? {
    var closing: UInt32?
    // One that closes still has its memory.
    if hosts.count >= settings.hosts {
      guard let oldest = oldestFree else { return nil }
      closing = oldest
      hosts[oldest]?.close(at: now)
    }
    let slots = Set(hosts.values.map(\.slot))
    let ladder = ladders[wish.plugin.sha256] ?? WarmLadder()
    let host = PooledHost(
      number: nextNumber, plugin: wish.plugin, slot: (0...).first { !slots.contains($0) } ?? 0,
      skipsWarmUp: ladder.rung == .withoutWarmUp, binding: wish.binding,
      deadline: now + settings.warmUp.milliseconds, at: now)
    nextNumber += 1
    hosts[host.number] = host
    return .open(host.number, closing: closing)
  }

  private mutating func expireBindings(at now: Int64) {
    for (number, host) in hosts where host.isFree && host.binding != nil {
      if host.lastUse + settings.binding.milliseconds <= now { hosts[number]?.binding = nil }
    }
  }

  // MARK: What becomes of hosts

  /// A host is warm. Returns the key that it is to be prepared for next, if there is one.
  mutating func warmed(_ number: UInt32, cost: Duration, at now: Int64) -> Binding? {
    guard var host = hosts[number], !host.isClosing else { return nil }
    host.warmed(cost: cost)
    let binding = host.binding
    if let binding { host.prepare(for: binding, until: now + settings.warmUp.milliseconds, at: now) }
    hosts[number] = host
    return binding
  }

  /// A host is prepared for its key.
  mutating func prepared(_ number: UInt32) { hosts[number]?.prepared() }

  /// A host could not be prepared for its key; it forks without.
  mutating func unprepared(_ number: UInt32) {
    hosts[number]?.prepared()
    hosts[number]?.binding = nil
  }

  /// Whether a waiting attempt may be forked now; then it counts as asked for.
  mutating func takeTurn(_ number: UInt32, at now: Int64) -> Bool {
    guard var host = hosts[number], host.canFork, host.asked < Self.maxAsked, host.waiting > 0 else {
      return false
    }
    host.waiting -= 1
    host.asked += 1
    host.lastUse = now
    hosts[number] = host
    return true
  }

  /// An attempt waits for this host no more.
  mutating func leftLine(_ number: UInt32) { hosts[number]?.waiting -= 1 }

  /// A host has forked an attempt, or said that it has not (nil). Returns why it is of no use any more, if
  /// that is so.
  mutating func answered(_ number: UInt32, fork: Duration?, at now: Int64) -> String? {
    guard var host = hosts[number] else { return nil }
    host.asked -= 1
    host.lastUse = now
    if let fork { host.note(fork: fork) }
    hosts[number] = host
    guard fork != nil else { return nil }
    ladders[host.plugin.sha256]?.forked()
    guard host.isTooSlow, !host.isClosing else { return nil }
    return "its forks take \(host.leastFork.text), a start without it \(host.cost.text)"
  }

  /// A host is of no use: the plugin is a rung lower from now on. Returns a sentence for the operator.
  mutating func fall(_ number: UInt32, because reason: String, at now: Int64) -> String? {
    guard let host = hosts[number] else { return nil }
    hosts[number]?.close(at: now)
    // Of a host that was warm once, the warm-up is not to blame.
    let canSkip = host.isWarming && host.plugin.hasWarmUp && !host.skipsWarmUp
    return ladders[host.plugin.sha256, default: WarmLadder()].fall(
      host.plugin.name, canSkipWarmUp: canSkip, because: reason)
  }

  /// A host that was warm has died. Returns a sentence for the operator if its plugin has to do without for a
  /// while.
  mutating func died(_ number: UInt32, because reason: String, at now: Int64) -> String? {
    guard let host = hosts[number] else { return nil }
    return ladders[host.plugin.sha256, default: WarmLadder()].died(host.plugin.name, because: reason, at: now)
  }

  /// Closes a host: it starts nothing more.
  mutating func close(_ number: UInt32, at now: Int64) { hosts[number]?.close(at: now) }

  /// A host that was late is killed.
  mutating func killed(_ number: UInt32) { hosts[number]?.killed() }

  /// A host is gone.
  mutating func remove(_ number: UInt32) { hosts[number] = nil }

  // MARK: Time

  /// When something is to be done about hosts; nil for never.
  var nextDeadline: Int64? {
    hosts.values.compactMap { $0.deadline ?? ($0.isFree ? $0.lastUse + settings.idle.milliseconds : nil) }
      .min()
  }

  /// The hosts that nobody needed for long enough.
  func idle(at now: Int64) -> [UInt32] {
    hosts.values.filter { $0.isFree && $0.lastUse + settings.idle.milliseconds <= now }.map(\.number).sorted()
  }

  /// The hosts that nobody needs now.
  var free: [UInt32] { hosts.values.filter(\.isFree).map(\.number).sorted() }

  /// The hosts that take too long to get warm, or to prepare.
  func late(at now: Int64) -> [UInt32] {
    hosts.values.filter { $0.deadline.map { $0 <= now } ?? false }.map(\.number).sorted()
  }
}

extension Duration {
  /// Whole milliseconds.
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
