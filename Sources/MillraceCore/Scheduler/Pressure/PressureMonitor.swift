/// Tells the pressure from samples, with hysteresis: a level is entered at its threshold and left below it.
struct PressureMonitor: Sendable {
  private(set) var level = Pressure.none
  /// What made the level what it is.
  private(set) var cause = PressureCause.none
  private(set) var since: Timestamp?
  private(set) var sample = MachineSample()

  /// What the pressure comes from.
  enum PressureCause: Sendable, Equatable {
    case none
    /// Parts of the capacity that the attempts use.
    case tree(used: Bytes, capacity: Bytes)
    case machine(available: Bytes, total: Bytes)
    case stall(percent: Double)
  }

  /// Takes a sample in; returns whether the level has changed.
  mutating func take(
    _ sample: MachineSample, capacity: Bytes, rules: PressureRules, at now: Timestamp
  ) -> Bool {
    self.sample = sample
    let measures = Self.measures(of: sample, capacity: capacity, rules: rules)
    let worst = measures.map { (level($0.ratioToWarning, $0.ratioToCritical, rules), $0.cause) }
      .max { $0.0 < $1.0 }
    let (new, newCause) = worst ?? (.none, .none)
    cause = new == .none ? .none : newCause
    guard new != level else { return false }
    level = new
    since = now
    return true
  }

  /// One measure as parts of its two thresholds: 1 and more has reached it.
  private struct Measure {
    var ratioToWarning: Double
    var ratioToCritical: Double
    var cause: PressureCause
  }

  private static func measures(
    of sample: MachineSample, capacity: Bytes, rules: PressureRules
  ) -> [Measure] {
    var measures: [Measure] = []
    if let used = sample.treeMemory, capacity > .zero {
      let part = Double(used.rawValue) / Double(capacity.rawValue)
      measures.append(
        Measure(
          ratioToWarning: part / rules.warning, ratioToCritical: part / rules.critical,
          cause: .tree(used: used, capacity: capacity)))
    }
    if let available = sample.memoryAvailable, let total = sample.memoryTotal, total > .zero {
      let part = max(Double(available.rawValue) / Double(total.rawValue), 1e-9)
      measures.append(
        Measure(
          ratioToWarning: rules.availableWarning / part, ratioToCritical: rules.availableCritical / part,
          cause: .machine(available: available, total: total)))
    }
    if let told = sample.memoryStall, told.isFinite {
      let stall = min(max(told, 0), 100)
      measures.append(
        Measure(
          ratioToWarning: stall / rules.stallWarning, ratioToCritical: stall / rules.stallCritical,
          cause: .stall(percent: stall)))
    }
    return measures
  }

  private func level(_ toWarning: Double, _ toCritical: Double, _ rules: PressureRules) -> Pressure {
    let stays = 1 - rules.hysteresis
    if toCritical >= 1 || (level == .critical && toCritical >= stays) { return .critical }
    if toWarning >= 1 || (level >= .warning && toWarning >= stays) { return .warning }
    return .none
  }

  /// The level in words, with what it comes from.
  var text: String {
    switch cause {
    case .none: "there is none"
    case .tree(let used, let capacity): "\(level.word): the attempts use \(used) of \(capacity)"
    case .machine(let available, let total):
      "\(level.word): the machine has \(available) of \(total) available"
    case .stall(let percent):
      "\(level.word): tasks wait for memory \(Int64(percent.rounded())) % of the time"
    }
  }
}
