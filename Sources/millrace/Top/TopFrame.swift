import MillraceCore
import MillraceWire

/// How many cells a terminal has.
struct ScreenSize: Equatable {
  var columns: Int
  var rows: Int
}

/// One picture of `top`: as many lines as the screen has, each within its width.
struct TopFrame {
  private let state: TopState
  private let size: ScreenSize
  private let paint: Paint

  init(_ state: TopState, size: ScreenSize, paint: Paint) {
    self.state = state
    self.size = size
    self.paint = paint
  }

  /// The lines, with colours.
  var lines: [String] {
    let head = head.prefix(max(1, size.rows - 1)).map(painted)
    let room = max(0, size.rows - head.count - 1)
    var lines = head + body(room)
    lines += Array(repeating: "", count: max(0, size.rows - 1 - lines.count))
    return Array((lines + [painted(footer)]).suffix(max(1, size.rows)))
  }

  private func painted(_ line: ScreenLine) -> String { line.text(cells: size.columns, paint: paint) }

  private var head: ArraySlice<ScreenLine> {
    guard let status = state.view?.status else {
      let reason = state.away.map { "the runner does not answer: \($0.reason)" }
      return [ScreenLine(reason ?? "asking the runner", reason == nil ? .plain : .bad)]
    }
    let head = TopHead(status: status, time: state.time, away: state.away, isFrozen: state.isFrozen)
    return head.lines.prefix(size.rows >= 20 ? 6 : size.rows >= 14 ? 4 : size.rows >= 6 ? 2 : 1)
  }

  private func body(_ room: Int) -> [String] {
    if case .pane(let pane) = state.mode { return page(pane, room) }
    let (first, second) = Self.split(room, running: state.running.count, queued: state.queued.count)
    let running = TopTable(
      TopColumn.running(state.running, at: state.time), state.running, cells: size.columns,
      order: state.order, isReversed: state.isReversed)
    let queued = TopTable(TopColumn.queued(at: state.time), state.queued, cells: size.columns)
    return table(running, count: state.running.count, from: 0, room: first)
      + table(queued, count: state.queued.count, from: state.running.count, room: second)
  }

  /// How many lines each table gets, with its titles: the queue what is left, but at least a third if it
  /// needs it.
  static func split(_ room: Int, running: Int, queued: Int) -> (running: Int, queued: Int) {
    let wanted = running + 1
    let first = max(min(wanted, room - queued - 1), min(wanted, room - room / 3))
    return (first, room - first)
  }

  /// The titles, and the rows around the chosen one.
  private func table(_ table: TopTable, count: Int, from start: Int, room: Int) -> [String] {
    guard room > 0 else { return [] }
    let shown = min(count, room - 1)
    let chosen = state.cursor - start
    let first = max(0, min(chosen - shown / 2, count - shown))
    let rows = (first..<first + shown).map { index in
      let line = table.line(index, isChosen: index == chosen)
      return index == chosen ? line.reversed(cells: size.columns, paint: paint) : painted(line)
    }
    return [painted(table.title)] + rows + Array(repeating: "", count: room - 1 - shown)
  }

  private func page(_ pane: TopPane, _ room: Int) -> [String] {
    guard room > 0 else { return [] }
    let wrapped = pane.lines.dropFirst(pane.offset)
      .lazy.flatMap { ScreenText.wrapped($0.onScreen, to: size.columns) }.prefix(room - 1)
    let lines = [ScreenLine(pane.kind.title, .title)] + wrapped.map { ScreenLine($0) }
    return lines.map(painted) + Array(repeating: "", count: max(0, room - lines.count))
  }

  private var footer: ScreenLine {
    if let note = state.note { return ScreenLine(note, .busy) }
    switch state.mode {
    case .confirm(let job, let handler): return ScreenLine("cancel job \(job) (\(handler))? y or n", .busy)
    case .filter: return ScreenLine("filter: \(state.filter)_", .busy)
    case .pane: return ScreenLine("q back  j k PgUp PgDn scroll", .quiet)
    case .table:
      var line = ScreenLine()
      if !state.filter.isEmpty { line.word("filter: \(state.filter)", .busy) }
      line.word("? help  q quit  s sort  / filter  x cancel  w why  Enter job  h hold  f freeze", .quiet)
      return line
    }
  }
}
