package import MillraceCore

/// One who follows the transitions: from memory while it keeps up, from the record while it does not.
///
/// The numbers have no gap, so a part that is missing is seen, wherever the parts come from.
package struct TransitionReader: Sendable {
  /// What comes next.
  package enum Part: Sendable, Equatable {
    /// Rows without a gap, of which those up to `after` were seen.
    case rows([TransitionRow], after: Int64)
    /// Those between are no longer on record, or never were; it goes on behind `resume`.
    case reset(Reset)
  }

  /// Why it can't go on where it was.
  package struct Reset: Sendable, Equatable {
    /// The number behind which it was to go on.
    package var after: Int64
    /// The number behind which it goes on.
    package var resume: Int64
  }

  private let store: any TransitionStore
  /// The number of the last transition that was returned.
  package private(set) var position: Int64
  private var isChecked = false

  /// How many rows are read from the record at a time.
  private static let page = 64

  /// Makes a reader that goes on behind a number: 0 for all that are on record, nil for none of them.
  package init(_ store: any TransitionStore, after number: Int64?) {
    self.store = store
    position = number ?? store.live.last
    isChecked = number == nil
  }

  /// Returns what comes next; nil if there is nothing new yet.
  package mutating func next() async throws -> Part? {
    if !isChecked {
      isChecked = true
      if let reset = try await reset() { return .reset(reset) }
    }
    let rows: [TransitionRow]
    if let recent = store.live.rows(after: position) {
      rows = recent
    } else {
      rows = try await store.transitions(after: position, atMost: Self.page)
    }
    guard let first = rows.first, let last = rows.last else { return nil }
    // They went while it read: the oldest go first.
    guard first.first <= position + 1 else { return .reset(leave(for: first.first - 1)) }
    defer { position = last.last }
    return .rows(rows, after: position)
  }

  /// Looks whether it can begin where it shall.
  private mutating func reset() async throws -> Reset? {
    let kept = try await store.transitionNumbers()
    let (first, last) = (kept?.lowerBound ?? 1, kept?.upperBound ?? 0)
    if position == 0 {
      position = first - 1
    } else if position > last {
      // Of another record, or one that was put back: what is new is all that there is to say.
      return leave(for: last)
    } else if position < first - 1 {
      return leave(for: first - 1)
    }
    return nil
  }

  private mutating func leave(for number: Int64) -> Reset {
    defer { position = number }
    return Reset(after: position, resume: number)
  }
}
