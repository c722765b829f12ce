/// A place in a list of attempts: the one that was last, with what the list is sorted by. It holds its place
/// whatever comes into the list or goes.
package struct HistoryCursor: Hashable, Sendable {
  /// By what the attempt is sorted; nil if that is not known, which comes after everything that is.
  package var key: Int64?
  package var attempt: AttemptID

  /// Makes the place of an attempt.
  package init(_ attempt: Attempt, in order: HistoryFilter.Order) {
    self.init(key: order.key(of: attempt), attempt: attempt.id)
  }

  package init(key: Int64?, attempt: AttemptID) {
    self.key = key
    self.attempt = attempt
  }

  /// Reads `description`; nil if it is none.
  package init?(text: String) {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 2, let attempt = AttemptID(text: String(parts[1])) else { return nil }
    let key = Int64(parts[0])
    guard key.map({ "\($0)" == parts[0] }) ?? parts[0].isEmpty else { return nil }
    self.init(key: key, attempt: attempt)
  }
}

extension HistoryCursor: CustomStringConvertible {
  package var description: String { "\(key.map { "\($0)" } ?? "")_\(attempt)" }
}

extension HistoryFilter.Order {
  /// What an attempt is sorted by, in microseconds or bytes; nil if it is not known.
  package func key(of attempt: Attempt) -> Int64? {
    switch self {
    case .time: attempt.starting.rawValue
    case .memory: attempt.end?.usage.memoryPeak?.rawValue
    case .cpu: attempt.cpu?.microseconds
    case .duration: attempt.duration?.microseconds
    case .wait: (attempt.starting - attempt.queued).microseconds
    }
  }
}

extension Attempt {
  /// How long it ran; nil if it has not, or not ended.
  package var duration: Duration? {
    guard let started, let end else { return nil }
    return end.ended - started
  }

  /// The processor time that it used; nil if that is not known.
  package var cpu: Duration? {
    guard let usage = end?.usage, usage.cpuUser != nil || usage.cpuSystem != nil else { return nil }
    return (usage.cpuUser ?? .zero) + (usage.cpuSystem ?? .zero)
  }
}
