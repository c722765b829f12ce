/// How often jobs may start: at most so many in any span of that length.
package struct Rate: Hashable, Sendable, Codable {
  /// So many starts …
  package let count: Int
  /// … in this time.
  package let span: Duration

  /// The starts of a rate are kept, so there is a bound.
  static let maxCount = 10_000

  /// Makes a rate; nil unless it is 1 to 10,000 starts in up to 100 years.
  package init?(count: Int, per span: Duration) {
    guard count > 0, count <= Self.maxCount, span > .zero, span <= .seconds(36_525 * 86_400) else {
      return nil
    }
    self.count = count
    self.span = span
  }

  /// Reads `5/min`, `100/h`, `1/10s`, `3/day`; nil if the text is no rate.
  package init?(text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[0]), parts[0].allSatisfy(\.isNumber) else { return nil }
    let units: [String: Int64] = [
      "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "hour": 3600, "d": 86_400, "day": 86_400,
    ]
    let unit = String(parts[1])
    guard let span = units[unit].map({ Duration.seconds($0) }) ?? Duration(text: unit) else { return nil }
    self.init(count: count, per: span)
  }

  /// The rate as people read it.
  package var text: String { "\(count) in \(span.text)" }

  /// The rate as it can be read again: `5/60s`, `1/1.5ms`.
  package var shortText: String {
    let micros = span.microseconds
    return micros % 1_000_000 == 0
      ? "\(count)/\(micros / 1_000_000)s" : "\(count)/\(Double(micros) / 1000)ms"
  }
}

/// What holds for a handler that can be run now.
package struct HandlerRules: Sendable, Equatable {
  /// The build of its plugin: its SHA-256.
  package var build: String
  /// How many of its jobs may run at once; nil for no bound.
  package var concurrency: Int?
  /// How often its jobs may start; nil for no bound.
  package var rate: Rate?
  /// When it is no longer tried for a while; nil for never.
  package var breaker: BreakerRules?

  package init(
    build: String = "", concurrency: Int? = nil, rate: Rate? = nil, breaker: BreakerRules? = nil
  ) {
    self.build = build
    self.concurrency = concurrency
    self.rate = rate
    self.breaker = breaker
  }
}

/// What holds for all jobs of a group together: those of its handlers, and those that chose it.
package struct GroupRules: Sendable, Equatable {
  /// Which of its waiting jobs is next.
  package enum Order: String, Sendable, CaseIterable {
    /// As everywhere: by rank, and whoever can't start lets the others pass.
    case priority
    /// By number: one that is held, or waits for its next attempt, keeps those behind it waiting.
    case fifo
  }

  /// How many of its jobs may run at once; nil for no bound.
  package var concurrency: Int?
  /// How often its jobs may start; nil for no bound.
  package var rate: Rate?
  /// The group that this one is a part of; nil for none.
  package var within: String?
  package var order = Order.priority
  /// Where its jobs may run; nil if nothing is said.
  package var place: Placement?

  package init(
    concurrency: Int? = nil, rate: Rate? = nil, within: String? = nil, order: Order = .priority
  ) {
    self.concurrency = concurrency
    self.rate = rate
    self.within = within
    self.order = order
  }

  /// What holds for a group that is not configured: one job at a time, in the order of submission.
  package static let serial = GroupRules(concurrency: 1, order: .fifo)

  /// Returns a group and those that it is within, innermost first; nil if one is not there or the way comes
  /// back to where it was.
  package static func chain(from name: String, in groups: [String: GroupRules]) -> [String]? {
    var chain: [String] = []
    var next: String? = name
    while let name = next {
      guard let group = groups[name], !chain.contains(name) else { return nil }
      chain.append(name)
      next = group.within
    }
    return chain
  }
}

/// How usage counts in the order of jobs.
package struct FairShareRules: Sendable, Equatable {
  /// The job's label whose values share; each gets the same part.
  package var label: String
  /// After so long, usage counts half.
  package var halfLife: Duration
  /// How much later the jobs come of somebody who has used everything; the bound of what fairness can cost.
  package var weight: Duration

  package init(label: String, halfLife: Duration = .seconds(86_400), weight: Duration = .seconds(3600)) {
    self.label = label
    self.halfLife = halfLife
    self.weight = weight
  }
}
