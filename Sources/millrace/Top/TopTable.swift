import MillraceCore
import MillraceWire

/// Rows in columns that fit a screen: those that matter least are left out, the last one takes what is left.
struct TopTable {
  /// A handler's name may be long: a column is at most so wide, but for the last one.
  private static let widest = 20
  /// What the last column needs to be of use.
  private static let leastLast = 16
  /// Before each row is the mark of the chosen one.
  private static let mark = 2

  private let columns: [TopColumn]
  private let cells: [[String]]
  private let rows: [TopRow]
  private let widths: [Int]
  private let order: TopOrder?
  private let isReversed: Bool

  /// Lays rows out for so many cells; `order` is what they are sorted by, nil for their own order.
  init(
    _ all: [TopColumn], _ rows: [TopRow], cells width: Int, order: TopOrder? = nil, isReversed: Bool = false
  ) {
    self.rows = rows
    self.order = order
    self.isReversed = isReversed
    let texts = rows.map { row in
      all.map { column in
        let text = column.column.text(row)
        return text.isEmpty ? "-" : text.onScreen
      }
    }
    let natural = all.indices.map { index in
      let title = all[index].column.title.count + (order != nil && all[index].order != nil ? 1 : 0)
      let widest = texts.reduce(title) { max($0, ScreenText.width($1[index])) }
      return index == all.count - 1 ? Self.leastLast : min(widest, Self.widest)
    }
    // Behind the last column there is no gap.
    var left = width - Self.mark + 1
    var kept: [Int] = []
    for index in all.indices.sorted(by: { all[$0].keep < all[$1].keep }) {
      guard kept.isEmpty || natural[index] + 1 <= left else { break }
      left -= natural[index] + 1
      kept.append(index)
    }
    kept.sort()
    columns = kept.map { all[$0] }
    cells = texts.map { row in kept.map { row[$0] } }
    let isWhole = kept.last == all.count - 1
    widths = kept.map { $0 == all.count - 1 && isWhole ? natural[$0] + max(0, left) : natural[$0] }
  }

  /// The line of titles; what is sorted by has a mark.
  var title: ScreenLine {
    let titles = columns.map { column in
      let isSorted = order != nil && column.order == order
      return column.column.title + (isSorted ? isReversed ? "^" : "v" : "")
    }
    return line(titles, mark: " ") { _ in .title }
  }

  /// Returns the line of a row.
  func line(_ index: Int, isChosen: Bool) -> ScreenLine {
    line(cells[index], mark: isChosen ? ">" : " ") { columns[$0].column.tone(rows[index]) }
  }

  private func line(_ texts: [String], mark: String, tone: (Int) -> Tone) -> ScreenLine {
    var line = ScreenLine(mark + " ")
    for (index, text) in texts.enumerated() {
      let isRight = columns[index].column.alignment == .right
      line.add(ScreenText.fitted(text, to: widths[index], right: isRight), tone(index))
      line.add(" ")
    }
    return line
  }
}
