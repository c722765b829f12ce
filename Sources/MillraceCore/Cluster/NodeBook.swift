/// The nodes that have failed attempts by their own fault: each gets none for a while.
struct NodeBook: Sendable {
  private struct Entry: Sendable {
    var faults: Int
    var until: Timestamp
  }

  private var entries: [String: Entry] = [:]

  /// Notes that a node has failed an attempt by its own fault; returns until when it gets no other.
  mutating func fault(of node: String, at now: Timestamp, _ rules: ClusterRules) -> Timestamp {
    // What was sent before it was known to be at fault fails too, and says nothing new.
    if let entry = entries[node], entry.until > now { return entry.until }
    let faults = (entries[node]?.faults ?? 0) + 1
    let wait = RetryRule().delay(
      base: rules.coolDown, times: faults, bound: rules.longestCoolDown, lot: 0)
    let until = now + wait
    entries[node] = Entry(faults: faults, until: until)
    return until
  }

  /// Notes that an attempt has run on a node, however it ended.
  mutating func success(of node: String, at now: Timestamp) {
    if let entry = entries[node], entry.until <= now { entries[node] = nil }
  }

  /// Returns the nodes that get no attempts now, by name.
  func excluded(at now: Timestamp) -> [String] { cooling(at: now).map(\.node).sorted() }

  /// The same with the times until which they get none, in no order.
  func cooling(at now: Timestamp) -> [(node: String, until: Timestamp)] {
    entries.compactMap { $0.value.until > now ? ($0.key, $0.value.until) : nil }
  }

  /// Until when a node gets none; nil if it may get some.
  func coolsUntil(_ node: String, at now: Timestamp) -> Timestamp? {
    entries[node].flatMap { $0.until > now ? $0.until : nil }
  }
}
