/// In whose bounds a job counts: its handler's, and those of its groups.
struct Membership: Hashable, Sendable {
  var handler: String
  /// The group that the job chose and those that this one is within, innermost first, then those of the
  /// handler; each once.
  var groups: [String]
}

/// What the gates of a handler look at: its rules, those of its groups, and what runs and ran of them.
struct HandlerSituation: Sendable {
  /// Attempts that run, by handler and by group.
  private var runningOfHandler: [String: Int] = [:]
  private var runningOfGroup: [String: Int] = [:]
  private var handlerMeters: [String: RateMeter] = [:]
  private var groupMeters: [String: RateMeter] = [:]
  private var chains: [String: [String]] = [:]
  private(set) var groups: [String: GroupRules] = [:]
  /// The handlers that can be run now.
  var rules: [String: HandlerRules] = [:]
  /// What is paused, with who wanted it.
  var pauses: [Station: Pause] = [:]
  /// Those that have something to tell, by handler.
  var breakers: [String: Breaker] = [:]

  /// Makes a situation in which nothing runs and no handler is known.
  ///
  /// - Precondition: each group is there, and none is within itself.
  init(groups: [String: GroupRules], of handlers: [String: String]) {
    regroup(groups, of: handlers)
  }

  /// Puts other groups in force. What runs counts on in the groups that it was started in.
  ///
  /// - Precondition: as for `init`.
  mutating func regroup(_ groups: [String: GroupRules], of handlers: [String: String]) {
    self.groups = groups
    chains = handlers.mapValues { group in
      guard let chain = GroupRules.chain(from: group, in: groups) else {
        preconditionFailure("group `\(group)` is not there or is within itself")
      }
      return chain
    }
  }

  /// Tells in whose bounds a job counts.
  ///
  /// - Parameters:
  ///   - handler: its handler.
  ///   - group: the group that it chose; nil for none.
  /// - Returns: its handler with the groups of both.
  func membership(of handler: String, in group: String? = nil) -> Membership {
    let usual = chains[handler] ?? []
    guard let group else { return Membership(handler: handler, groups: usual) }
    let own = GroupRules.chain(from: group, in: groups) ?? [group]
    return Membership(handler: handler, groups: own + usual.filter { !own.contains($0) })
  }

  /// What holds for a group: one that is not configured runs one job at a time.
  func rules(ofGroup name: String) -> GroupRules { groups[name] ?? .serial }

  /// Those of some groups whose jobs start in the order of submission.
  func lines(of member: Membership) -> [String] {
    member.groups.filter { rules(ofGroup: $0).order == .fifo }
  }

  func running(of handler: String) -> Int { runningOfHandler[handler] ?? 0 }
  func running(ofGroup name: String) -> Int { runningOfGroup[name] ?? 0 }

  /// Counts an attempt that starts now.
  mutating func begin(_ member: Membership, at now: Timestamp) {
    go(on: member)
    if let rate = rules[member.handler]?.rate {
      handlerMeters[member.handler, default: RateMeter()].count(at: now, keeping: rate.count)
    }
    countGroups(member, at: now)
    guard let rules = rules[member.handler]?.breaker else { return }
    _ = breakers[member.handler]?.handle(.began, rules, at: now)
  }

  /// Takes up an attempt that a former runner started: it may be the one that tries an open breaker.
  mutating func adopt(_ handler: String, build: String, startedAt time: Timestamp) {
    guard breakers[handler]?.build == build else { return }
    _ = breakers[handler]?.handle(.adopted(started: time), BreakerRules(), at: time)
  }

  /// Counts an attempt that runs already.
  mutating func go(on member: Membership) {
    runningOfHandler[member.handler, default: 0] += 1
    for name in member.groups { runningOfGroup[name, default: 0] += 1 }
  }

  /// Counts the start of an attempt that a former runner started; the rate of the handler may not be known
  /// yet.
  mutating func recall(_ member: Membership, startedAt time: Timestamp) {
    handlerMeters[member.handler, default: RateMeter()].count(at: time, keeping: Rate.maxCount)
    countGroups(member, at: time)
  }

  private mutating func countGroups(_ member: Membership, at time: Timestamp) {
    for name in member.groups {
      guard let rate = groups[name]?.rate else { continue }
      groupMeters[name, default: RateMeter()].count(at: time, keeping: rate.count)
    }
  }

  mutating func end(_ member: Membership) {
    runningOfHandler[member.handler, default: 1] -= 1
    for name in member.groups {
      let left = running(ofGroup: name) - 1
      // Groups that jobs choose come and go.
      runningOfGroup[name] = left > 0 ? left : nil
    }
  }

  /// Whether one more attempt may start, as far as its handler and its groups are concerned.
  func isOpen(_ member: Membership, at now: Timestamp) -> Bool { closedGate(member, at: now) == nil }

  /// Returns the first gate that keeps one more attempt of a handler and its groups from starting; nil if
  /// none does. It says no more than which one, for it is asked of every lane.
  func closedGate(_ member: Membership, at now: Timestamp) -> GateVerdict.Gate? {
    let handler = member.handler
    guard let rule = rules[handler] else { return .handler }
    if let pause = pause(of: member) { return pause.station == .handler(handler) ? .handler : .group }
    guard isBelow(rule.concurrency, running(of: handler)) else { return .concurrency }
    guard member.groups.allSatisfy({ isBelow(rules(ofGroup: $0).concurrency, running(ofGroup: $0)) }) else {
      return .group
    }
    if let next = nextByRate(member), next > now { return .rate }
    return isBreakerOpen(handler, at: now) ? nil : .breaker
  }

  /// Whether an attempt could still start after another one has (or one of the same kind): a job must not
  /// pass the first one and take its handler's last place, or that of its groups and rates.
  func leavesRoom(for first: Membership, beside other: Membership, at now: Timestamp) -> Bool {
    guard first.handler == other.handler || first.groups.contains(where: other.groups.contains) else {
      return true
    }
    var later = self
    later.begin(other, at: now)
    return later.isOpen(first, at: now)
  }

  private func isBelow(_ bound: Int?, _ running: Int) -> Bool { bound.map { running < $0 } ?? true }

  /// Whether time alone can open anything here: a rate or a breaker.
  var hasTimes: Bool {
    !breakers.isEmpty || rules.values.contains { $0.rate != nil }
      || groups.values.contains { $0.rate != nil }
  }

  /// Returns when the rates let the next attempt start; nil without a rate.
  func nextByRate(_ member: Membership) -> Timestamp? { rates(of: member).compactMap(\.next).max() }

  private func rates(of member: Membership) -> [(whose: String, rate: Rate, next: Timestamp?)] {
    guard let rule = rules[member.handler] else { return [] }
    var rates: [(String, Rate, Timestamp?)] = []
    if let rate = rule.rate {
      rates.append(("`\(member.handler)`", rate, handlerMeters[member.handler]?.next(rate)))
    }
    for name in member.groups {
      guard let rate = groups[name]?.rate else { continue }
      rates.append(("group `\(name)`", rate, groupMeters[name]?.next(rate)))
    }
    return rates
  }

  /// The first of a handler and its groups that is paused; nil if none is.
  private func pause(of member: Membership) -> (station: Station, pause: Pause)? {
    guard !pauses.isEmpty else { return nil }
    let stations = [.handler(member.handler)] + member.groups.map(Station.group)
    return stations.lazy.compactMap { station in pauses[station].map { (station, $0) } }.first
  }
}

extension HandlerSituation {
  /// Returns what each gate of a handler says, but for the turn in its groups.
  func verdicts(on member: Membership, at now: Timestamp) -> [GateVerdict] {
    let handler = member.handler
    let rule = rules[handler]
    let running = running(of: handler)
    let pause = pauses[.handler(handler)]
    return [
      GateVerdict(gate: .handler, isOpen: rule != nil && pause == nil, subject: handler, pause: pause),
      GateVerdict(
        gate: .concurrency, isOpen: isBelow(rule?.concurrency, running), used: Int64(running),
        capacity: rule?.concurrency.map { Int64($0) }, subject: handler),
      groupVerdict(member), rateVerdict(member, at: now), breakerVerdict(handler, at: now),
    ]
  }

  /// One that is paused speaks, else the fullest.
  private func groupVerdict(_ member: Membership) -> GateVerdict {
    if let (name, pause) = member.groups.lazy.compactMap({ name in
      self.pauses[.group(name)].map { (name, $0) }
    }).first {
      return GateVerdict(gate: .group, isOpen: false, subject: name, pause: pause)
    }
    let bounded = member.groups.compactMap { name in
      rules(ofGroup: name).concurrency.map { (name: name, bound: $0, running: running(ofGroup: name)) }
    }
    guard let tightest = bounded.min(by: { $0.bound - $0.running < $1.bound - $1.running }) else {
      return GateVerdict(gate: .group, isOpen: true)
    }
    return GateVerdict(
      gate: .group, isOpen: tightest.running < tightest.bound, used: Int64(tightest.running),
      capacity: Int64(tightest.bound), subject: tightest.name)
  }

  /// The rate that opens last speaks.
  private func rateVerdict(_ member: Membership, at now: Timestamp) -> GateVerdict {
    let never = Timestamp(rawValue: .min)
    guard let slowest = rates(of: member).max(by: { $0.next ?? never < $1.next ?? never }) else {
      return GateVerdict(gate: .rate, isOpen: true)
    }
    let opensAt = slowest.next.flatMap { $0 > now ? $0 : nil }
    return GateVerdict(
      gate: .rate, isOpen: opensAt == nil, opensAt: opensAt,
      subject: "the rate of \(slowest.whose), \(slowest.rate.text),")
  }
}
