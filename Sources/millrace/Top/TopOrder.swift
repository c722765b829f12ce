import MillraceCore
import MillraceWire

/// By what the running attempts are sorted: what is most first, or by name.
enum TopOrder: String, CaseIterable {
  case job, age, handler, state, progress, memory, cpu, priority

  /// The next one; after the last the first.
  var next: TopOrder {
    let all = Self.allCases
    return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
  }

  /// Returns rows in this order, or in the reverse one; equals by number.
  func sorted(_ rows: [TopRow], reversed: Bool) -> [TopRow] {
    rows.sorted { left, right in
      let order = compare(left, right)
      return order == 0 ? left.job < right.job : (order < 0) != reversed
    }
  }

  /// Below zero if the left one comes first.
  private func compare(_ left: TopRow, _ right: TopRow) -> Int {
    func order<Value: Comparable>(_ left: Value, _ right: Value) -> Int {
      left == right ? 0 : left < right ? -1 : 1
    }
    return switch self {
    case .job: order(left.job, right.job)
    case .age: order(left.started ?? left.since, right.started ?? right.since)
    case .handler: order(left.handler, right.handler)
    case .state: order(left.stateWord, right.stateWord)
    case .progress: order(right.progress?.fraction ?? -1, left.progress?.fraction ?? -1)
    case .memory: order(right.memoryBytes ?? -1, left.memoryBytes ?? -1)
    case .cpu: order(right.cpuMillis ?? -1, left.cpuMillis ?? -1)
    case .priority: order(right.priority, left.priority)
    }
  }
}

extension TopRow {
  /// What it does, in a word: `running`, `frozen`, `stopping`, `held`.
  var stateWord: String {
    if stopping != nil { return "stopping" }
    if frozenSince != nil { return "frozen" }
    return held ?? false ? "held" : state.rawValue
  }

  /// `42.1` of an attempt, `42` of a job.
  var number: String { attempt.map { "\(job).\($0)" } ?? "\(job)" }

  /// Whether each word of a filter is in its number, handler, state, class or a label as `key=value`;
  /// capitals don't matter.
  func matches(_ filter: String) -> Bool {
    let words = filter.lowercased().split(separator: " ")
    guard !words.isEmpty else { return true }
    let labels = labels.map { "\($0.key)=\($0.value)" }
    let texts = ([number, handler, state.rawValue, stateWord, jobClass ?? "", node ?? ""] + labels).map {
      $0.lowercased()
    }
    return words.allSatisfy { word in texts.contains { $0.contains(word) } }
  }
}
