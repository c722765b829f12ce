/// What the gates of a handler look at: its rules, those of its groups, and what runs and ran of them.
struct HandlerSituation: Sendable {
  /// Attempts that run, by handler and by group.
  private var runningOfHandler: [String: Int] = [:]
  private var runningOfGroup: [String: Int] = [:]
  private var handlerMeters: [String: RateMeter] = [:]
  private var groupMeters: [String: RateMeter] = [:]
  private let chains: [String: [String]]
  private let groups: [String: GroupRules]
  /// The handlers that can be run now.
  var rules: [String: HandlerRules] = [:]

  /// Makes a situation in which nothing runs and no handler is known.
  ///
  /// - Precondition: each group is there, and none is within itself.
  init(groups: [String: GroupRules], of handlers: [String: String]) {
    self.groups = groups
    chains = handlers.mapValues { group in
      guard let chain = GroupRules.chain(from: group, in: groups) else {
        preconditionFailure("group `\(group)` is not there or is within itself")
      }
      return chain
    }
  }

  /// The groups of a handler, innermost first.
  func chain(of handler: String) -> [String] { chains[handler] ?? [] }

  func running(of handler: String) -> Int { runningOfHandler[handler] ?? 0 }
  func running(ofGroup name: String) -> Int { runningOfGroup[name] ?? 0 }

  /// Counts an attempt that starts now.
  mutating func begin(_ handler: String, groups chain: [String], at now: Timestamp) {
    go(on: handler, groups: chain)
    if let rate = rules[handler]?.rate {
      handlerMeters[handler, default: RateMeter()].count(at: now, keeping: rate.count)
    }
    countGroups(chain, at: now)
  }

  /// Counts an attempt that runs already.
  mutating func go(on handler: String, groups chain: [String]) {
    runningOfHandler[handler, default: 0] += 1
    for name in chain { runningOfGroup[name, default: 0] += 1 }
  }

  /// Counts the start of an attempt that a former runner started; the rate of the handler may not be known
  /// yet.
  mutating func recall(_ handler: String, startedAt time: Timestamp) {
    handlerMeters[handler, default: RateMeter()].count(at: time, keeping: Rate.maxCount)
    countGroups(chain(of: handler), at: time)
  }

  private mutating func countGroups(_ chain: [String], at time: Timestamp) {
    for name in chain {
      guard let rate = groups[name]?.rate else { continue }
      groupMeters[name, default: RateMeter()].count(at: time, keeping: rate.count)
    }
  }

  mutating func end(_ handler: String, groups chain: [String]) {
    runningOfHandler[handler, default: 1] -= 1
    for name in chain { runningOfGroup[name, default: 1] -= 1 }
  }

  /// Whether one more attempt of a handler may start, as far as the handler is concerned.
  func isOpen(_ handler: String, at now: Timestamp) -> Bool {
    guard let rule = rules[handler], isBelow(rule.concurrency, running(of: handler)) else { return false }
    let chain = chain(of: handler)
    return chain.allSatisfy { isBelow(groups[$0]?.concurrency, running(ofGroup: $0)) }
      && nextByRate(handler).map { $0 <= now } ?? true
  }

  /// Whether a handler could still start an attempt after another one (or itself) has started one: a job must
  /// not pass the first one and take its handler's last place, or that of its groups and rates.
  func leavesRoom(for handler: String, beside other: String, at now: Timestamp) -> Bool {
    let shared = Set(chain(of: handler)).intersection(chain(of: other))
    guard handler == other || !shared.isEmpty else { return true }
    var later = self
    later.begin(other, groups: chain(of: other), at: now)
    return later.isOpen(handler, at: now)
  }

  private func isBelow(_ bound: Int?, _ running: Int) -> Bool { bound.map { running < $0 } ?? true }

  /// Returns when the rates let the next attempt of a handler start; nil without a rate.
  func nextByRate(_ handler: String) -> Timestamp? { rates(of: handler).compactMap(\.next).max() }

  private func rates(of handler: String) -> [(whose: String, rate: Rate, next: Timestamp?)] {
    guard let rule = rules[handler] else { return [] }
    var rates: [(String, Rate, Timestamp?)] = []
    if let rate = rule.rate {
      rates.append(("`\(handler)`", rate, handlerMeters[handler]?.next(rate)))
    }
    for name in chain(of: handler) {
      guard let rate = groups[name]?.rate else { continue }
      rates.append(("group `\(name)`", rate, groupMeters[name]?.next(rate)))
    }
    return rates
  }
}

extension HandlerSituation {
  /// Returns what each gate of a handler says.
  func verdicts(on handler: String, at now: Timestamp) -> [GateVerdict] {
    let rule = rules[handler]
    let running = running(of: handler)
    return [
      GateVerdict(gate: .handler, isOpen: rule != nil, subject: handler),
      GateVerdict(
        gate: .concurrency, isOpen: isBelow(rule?.concurrency, running), used: Int64(running),
        capacity: rule?.concurrency.map { Int64($0) }, subject: handler),
      groupVerdict(handler), rateVerdict(handler, at: now),
    ]
  }

  /// The fullest of its groups speaks.
  private func groupVerdict(_ handler: String) -> GateVerdict {
    let bounded = chain(of: handler).compactMap { name in
      groups[name]?.concurrency.map { (name: name, bound: $0, running: running(ofGroup: name)) }
    }
    guard let tightest = bounded.min(by: { $0.bound - $0.running < $1.bound - $1.running }) else {
      return GateVerdict(gate: .group, isOpen: true)
    }
    return GateVerdict(
      gate: .group, isOpen: tightest.running < tightest.bound, used: Int64(tightest.running),
      capacity: Int64(tightest.bound), subject: tightest.name)
  }

  /// The rate that opens last speaks.
  private func rateVerdict(_ handler: String, at now: Timestamp) -> GateVerdict {
    let never = Timestamp(rawValue: .min)
    guard let slowest = rates(of: handler).max(by: { $0.next ?? never < $1.next ?? never }) else {
      return GateVerdict(gate: .rate, isOpen: true)
    }
    let opensAt = slowest.next.flatMap { $0 > now ? $0 : nil }
    return GateVerdict(
      gate: .rate, isOpen: opensAt == nil, opensAt: opensAt,
      subject: "the rate of \(slowest.whose), \(slowest.rate.text),")
  }
}
