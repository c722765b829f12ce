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

  /// In the order of their numbers. They are changed in place: this is on the way of every launch.
  private(set) var hosts: [PooledHost] = []
  /// What failed with one user, bound of memory or environment may do with another.
  private var ladders: [PooledHost.Make: WarmLadder] = [:]
  /// What the hosts of each plugin must have been made for, by what was asked for last.
  private var newest: [String: PooledHost.Make] = [:]
  private var nextNumber: UInt32 = 1
  private let settings: WarmSettings

  /// How many forks a host is asked for at once; the keeper's socket to it must hold them.
  static let maxAsked = 16

  init(_ settings: WarmSettings) { self.settings = settings }

  /// Returns a host; nil if there is none of this number.
  subscript(number: UInt32) -> PooledHost? { index(number).map { hosts[$0] } }

  private func index(_ number: UInt32) -> Int? { hosts.firstIndex { $0.number == number } }

  /// Finds a place for an attempt. What is `fork` counts as asked for.
  mutating func place(_ wish: Wish, at now: Int64) -> Placement {
    let make = PooledHost.Make(wish.plugin)
    if let former = newest.updateValue(make, forKey: wish.plugin.name), former != make {
      ladders[former] = nil
    }
    guard settings.hosts > 0, ladders[make]?.allowsHost(at: now) ?? true else { return .lower }
    guard let binding = wish.binding else { return placeUnbound(wish, at: now) }
    expireBindings(at: now)
    if let bound = own(wish, where: { $0.binding == binding }) { return use(bound, at: now) }
    if let free = own(wish, where: { $0.isFree && $0.binding == nil }) {
      return rebind(free, binding, at: now)
    }
    // If one must go, it had better stay and be prepared anew, if it can.
    if hosts.count >= settings.hosts, let oldest = oldestFree, hosts[oldest].make == .init(wish.plugin) {
      return rebind(oldest, binding, at: now)
    }
    return open(wish, at: now) ?? .lower
  }

  /// The first host of a wish's plugin for which something holds.
  private func own(_ wish: Wish, where holds: (PooledHost) -> Bool) -> Int? {
    let make = PooledHost.Make(wish.plugin)
    return hosts.firstIndex { $0.make == make && !$0.isClosing && holds($0) }
  }

  /// Any host of the plugin does, best one that no key needs.
  private mutating func placeUnbound(_ wish: Wish, at now: Int64) -> Placement {
    if let best = own(wish, where: { $0.canFork && $0.binding == nil && $0.asked < Self.maxAsked })
      ?? own(wish, where: { $0.canFork && $0.asked < Self.maxAsked }) ?? own(wish, where: { _ in true })
    {
      return use(best, at: now)
    }
    return open(wish, at: now) ?? .lower
  }

  /// Of the hosts that nobody needs now, the one that was used longest ago.
  private var oldestFree: Int? {
    hosts.indices.filter { hosts[$0].isFree }.min { hosts[$0].lastUse < hosts[$1].lastUse }
  }

  private mutating func use(_ index: Int, at now: Int64) -> Placement {
    let number = hosts[index].number
    hosts[index].lastUse = now
    guard hosts[index].canFork, hosts[index].asked < Self.maxAsked, hosts[index].waiting == 0 else {
      hosts[index].waiting += 1
      return .wait(number)
    }
    hosts[index].asked += 1
    return .fork(number)
  }

  private mutating func rebind(_ index: Int, _ binding: Binding, at now: Int64) -> Placement {
    hosts[index].prepare(for: binding, until: now + settings.warmUp.milliseconds, at: now)
    hosts[index].waiting += 1
    return .prepare(hosts[index].number, binding)
  }

  private mutating func open(_ wish: Wish, at now: Int64) -> Placement? {
    var closing: UInt32?
    // One that closes still has its memory.
    if hosts.count >= settings.hosts {
      guard let oldest = oldestFree else { return nil }
      closing = hosts[oldest].number
      hosts[oldest].close(at: now)
    }
    let slots = Set(hosts.map(\.slot))
    let host = PooledHost(
      number: nextNumber, plugin: wish.plugin, slot: (0...).first { !slots.contains($0) } ?? 0,
      skipsWarmUp: ladders[PooledHost.Make(wish.plugin)]?.rung == .withoutWarmUp, binding: wish.binding,
      deadline: now + settings.warmUp.milliseconds, at: now)
    nextNumber += 1
    hosts.append(host)
    return .open(host.number, closing: closing)
  }

  private mutating func expireBindings(at now: Int64) {
    for index in hosts.indices where hosts[index].isFree && hosts[index].binding != nil {
      if hosts[index].lastUse + settings.binding.milliseconds <= now { hosts[index].binding = nil }
    }
  }

  // MARK: What becomes of hosts

  /// A host is warm. Returns the key that it is to be prepared for next, if there is one.
  mutating func warmed(_ number: UInt32, cost: Duration, at now: Int64) -> Binding? {
    guard let index = index(number), !hosts[index].isClosing else { return nil }
    hosts[index].warmed(cost: cost)
    let binding = hosts[index].binding
    if let binding { hosts[index].prepare(for: binding, until: now + settings.warmUp.milliseconds, at: now) }
    return binding
  }

  /// A host is prepared for its key.
  mutating func prepared(_ number: UInt32) {
    if let index = index(number) { hosts[index].prepared() }
  }

  /// A host could not be prepared for its key; it forks without.
  mutating func unprepared(_ number: UInt32) {
    guard let index = index(number) else { return }
    hosts[index].prepared()
    hosts[index].binding = nil
  }

  /// Whether a waiting attempt may be forked now; then it counts as asked for.
  mutating func takeTurn(_ number: UInt32, at now: Int64) -> Bool {
    guard let index = index(number), hosts[index].canFork, hosts[index].asked < Self.maxAsked,
      hosts[index].waiting > 0
    else { return false }
    hosts[index].waiting -= 1
    hosts[index].asked += 1
    hosts[index].lastUse = now
    return true
  }

  /// An attempt waits for this host no more.
  mutating func leftLine(_ number: UInt32) {
    if let index = index(number) { hosts[index].waiting -= 1 }
  }

  /// A host has forked an attempt, or said that it has not (nil). Returns why it is of no use any more, if
  /// that is so.
  mutating func answered(_ number: UInt32, fork: Duration?, at now: Int64) -> String? {
    guard let index = index(number) else { return nil }
    hosts[index].asked -= 1
    hosts[index].lastUse = now
    guard let fork else { return nil }
    hosts[index].note(fork: fork)
    ladders[hosts[index].make]?.forked()
    guard hosts[index].isTooSlow, !hosts[index].isClosing else { return nil }
    return "its forks take \(hosts[index].leastFork.text), a start without it \(hosts[index].cost.text)"
  }

  /// A host is of no use: the plugin is a rung lower from now on. Returns a sentence for the operator.
  mutating func fall(_ number: UInt32, because reason: String, at now: Int64) -> String? {
    guard let index = index(number) else { return nil }
    let host = hosts[index]
    hosts[index].close(at: now)
    // Of a host that was warm once, the warm-up is not to blame.
    let canSkip = host.isWarming && host.plugin.hasWarmUp && !host.skipsWarmUp
    return ladders[host.make, default: WarmLadder()].fall(
      host.plugin.name, canSkipWarmUp: canSkip, because: reason)
  }

  /// A host that was warm has died. Returns a sentence for the operator if its plugin has to do without for a
  /// while.
  mutating func died(_ number: UInt32, because reason: String, at now: Int64) -> String? {
    guard let host = self[number] else { return nil }
    return ladders[host.make, default: WarmLadder()].died(host.plugin.name, because: reason, at: now)
  }

  /// Closes a host: it starts nothing more.
  mutating func close(_ number: UInt32, at now: Int64) {
    if let index = index(number) { hosts[index].close(at: now) }
  }

  /// A host that was late is killed.
  mutating func killed(_ number: UInt32) {
    if let index = index(number) { hosts[index].killed() }
  }

  /// A host is gone.
  mutating func remove(_ number: UInt32) {
    if let host = self[number], newest[host.plugin.name] != host.make { ladders[host.make] = nil }
    hosts.removeAll { $0.number == number }
  }

  // MARK: Time

  /// When something is to be done about hosts; nil for never.
  var nextDeadline: Int64? {
    hosts.lazy.compactMap { $0.deadline ?? ($0.isFree ? lastMoment(of: $0) : nil) }.min()
  }

  /// The hosts that nobody needed for long enough.
  func idle(at now: Int64) -> [UInt32] {
    hosts.filter { $0.isFree && lastMoment(of: $0) <= now }.map(\.number)
  }

  /// When a host that nobody needs is closed: at once, if its plugin has another build or user by now.
  private func lastMoment(of host: PooledHost) -> Int64 {
    let isOutdated = newest[host.plugin.name].map { $0 != host.make } ?? false
    return host.lastUse + (isOutdated ? 0 : settings.idle.milliseconds)
  }

  /// The hosts that nobody needs now.
  var free: [UInt32] { hosts.filter(\.isFree).map(\.number) }

  /// The hosts that take too long to get warm, or to prepare.
  func late(at now: Int64) -> [UInt32] {
    hosts.filter { $0.deadline.map { $0 <= now } ?? false }.map(\.number)
  }
}

extension Duration {
  /// Whole milliseconds.
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
