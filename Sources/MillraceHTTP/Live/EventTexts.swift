import FoundationEssentials
import MillraceCore
import MillraceWire
import Synchronization

/// The texts of the newest transitions, made once for all who follow them.
final class EventTexts: Sendable {
  /// So many rows are remembered.
  private static let kept = 256

  private final class Row: Sendable {
    let row: TransitionRow
    private let texts: Mutex<[[UInt8]?]>

    init(_ row: TransitionRow) {
      self.row = row
      texts = Mutex(Array(repeating: nil, count: row.transitions.count))
    }

    func text(at index: Int) throws -> [UInt8] {
      if let known = texts.withLock({ $0[index] }) { return known }
      let number = row.first + Int64(index)
      let view = LiveEventView(row.transitions[index], number: number, time: row.time)
      let text = ServerSentEvent.text(Array(try Wire.encoder().encode(view)), id: number)
      texts.withLock { $0[index] = text }
      return text
    }
  }

  private struct State {
    var rows: [Int64: Row] = [:]
    /// Their numbers, in the order in which they came.
    var order: [Int64] = []
  }

  private let state = Mutex(State())

  /// Returns the text of the transitions above a number that fit, one after the other.
  func text(of row: TransitionRow, above number: Int64, matching filter: TransitionFilter) throws -> [UInt8] {
    let texts = texts(of: row)
    var text: [UInt8] = []
    for (index, transition) in row.transitions.enumerated()
    where row.first + Int64(index) > number && filter.matches(transition) {
      text += try texts.text(at: index)
    }
    return text
  }

  private func texts(of row: TransitionRow) -> Row {
    state.withLock { state in
      if let known = state.rows[row.last] { return known }
      let texts = Row(row)
      state.rows[row.last] = texts
      state.order.append(row.last)
      if state.order.count > 2 * Self.kept {
        for old in state.order.prefix(Self.kept) { state.rows[old] = nil }
        state.order.removeFirst(Self.kept)
      }
      return texts
    }
  }
}
