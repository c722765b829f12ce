import MillraceCore
import MillraceWire

/// What `top` shows and where its reader is in it: keys and answers in, actions out.
struct TopState {
  /// What takes the keys.
  enum Mode: Equatable {
    case table
    /// A filter is being written; `former` comes back with escape.
    case filter(former: String)
    /// It is asked whether a job shall be cancelled.
    case confirm(JobID, handler: String)
    case pane(TopPane)
  }

  /// What is to be done.
  enum Action: Equatable {
    case refresh, quit
    case cancel(JobID)
    case hold(JobID, Bool)
    case open(TopPane.Kind)
  }

  private(set) var view: TopView?
  /// When that was so.
  private(set) var time = Timestamp(microseconds: 0)
  /// Why there is nothing newer, and since when; nil if the runner answers.
  private(set) var away: (since: Timestamp, reason: String)?
  var order = TopOrder.job
  var isReversed = false
  var filter = ""
  /// Whether the picture stands still.
  private(set) var isFrozen = false
  private(set) var mode = Mode.table
  /// What came of the last action; gone with the next key.
  private(set) var note: String?
  /// How many rows a page is.
  var page = 10
  /// The rows that are shown, the attempts that run first.
  private(set) var running: [TopRow] = []
  private(set) var queued: [TopRow] = []
  /// Where the chosen row is in them.
  private(set) var cursor = 0

  var rows: [TopRow] { running + queued }
  var chosen: TopRow? { rows.indices.contains(cursor) ? rows[cursor] : nil }

  // MARK: What comes from outside

  /// Takes an answer of the runner in.
  mutating func take(_ view: TopView, at now: Timestamp) {
    self.view = view
    time = now
    away = nil
    arrange()
  }

  /// Takes in that the runner does not answer.
  mutating func lose(_ reason: String, at now: Timestamp) { away = (away?.since ?? now, reason) }

  /// Shows what came of an action.
  mutating func tell(_ note: String) { self.note = note }

  /// Shows a page about a job; one that is shown already stays where it was scrolled to.
  mutating func show(_ kind: TopPane.Kind, _ text: String) {
    var pane = TopPane(kind, text: text)
    if case .pane(let former) = mode, former.kind == kind { pane.offset = former.offset }
    mode = .pane(pane)
  }

  /// Sorts and filters; the chosen job stays chosen, wherever it is then.
  private mutating func arrange() {
    let former = chosen?.job
    running = order.sorted((view?.running ?? []).filter { $0.matches(filter) }, reversed: isReversed)
    queued = (view?.queued ?? []).filter { $0.matches(filter) }
    let place = former.flatMap { job in rows.firstIndex { $0.job == job } } ?? cursor
    cursor = max(0, min(place, rows.count - 1))
  }

  // MARK: Keys

  /// Takes a key in and returns what is to be done.
  mutating func handle(_ key: Key) -> [Action] {
    note = nil
    switch mode {
    case .table: return handleTable(key)
    case .filter(let former): return handleFilter(key, former: former)
    case .confirm(let job, _):
      mode = .table
      guard key == .character("y") || key == .character("Y") else {
        note = "job \(job) was not cancelled"
        return []
      }
      return [.cancel(job)]
    case .pane(let pane): return handlePane(key, pane)
    }
  }

  private mutating func handleTable(_ key: Key) -> [Action] {
    switch key {
    case .up, .character("k"): move(to: cursor - 1)
    case .down, .character("j"): move(to: cursor + 1)
    case .pageUp: move(to: cursor - page)
    case .pageDown: move(to: cursor + page)
    case .home, .character("g"): move(to: 0)
    case .end, .character("G"): move(to: rows.count - 1)
    case .enter: return chosen.map { [.open(.job($0.job))] } ?? []
    case .escape:
      filter = ""
      arrange()
    case .character(let character): return handleTable(character)
    case .left, .right, .backspace: break
    }
    return []
  }

  private mutating func handleTable(_ character: Character) -> [Action] {
    switch character {
    case "q": return [.quit]
    case " ": return [.refresh]
    case "s": sort(by: order.next, reversed: isReversed)
    case "r": sort(by: order, reversed: !isReversed)
    case "/": mode = .filter(former: filter)
    case "f":
      isFrozen.toggle()
      return isFrozen ? [] : [.refresh]
    case "?": mode = .pane(.help)
    case "x": if let chosen { mode = .confirm(chosen.job, handler: chosen.handler) }
    case "w": return chosen.map { [.open(.why($0.job))] } ?? []
    case "h":
      guard let chosen else { break }
      guard chosen.attempt == nil else {
        note = "job \(chosen.job) runs: only a job that waits can be held"
        break
      }
      return [.hold(chosen.job, !(chosen.held ?? false))]
    default: break
    }
    return []
  }

  private mutating func handleFilter(_ key: Key, former: String) -> [Action] {
    switch key {
    case .character(let character): filter.append(character)
    case .backspace: _ = filter.popLast()
    case .escape:
      filter = former
      mode = .table
    case .enter:
      mode = .table
      arrange()
      return [.refresh]
    case .up, .down, .left, .right, .pageUp, .pageDown, .home, .end: break
    }
    arrange()
    return []
  }

  private mutating func handlePane(_ key: Key, _ pane: TopPane) -> [Action] {
    var pane = pane
    switch key {
    case .up, .character("k"): pane.offset -= 1
    case .down, .character("j"): pane.offset += 1
    case .pageUp: pane.offset -= page
    case .pageDown, .character(" "): pane.offset += page
    case .home, .character("g"): pane.offset = 0
    case .escape, .enter, .backspace, .left, .character("q"), .character("w"), .character("?"):
      mode = .table
      return []
    case .end, .right, .character: return []
    }
    pane.offset = max(0, min(pane.offset, pane.lines.count - 1))
    mode = .pane(pane)
    return []
  }

  private mutating func move(to place: Int) { cursor = max(0, min(place, rows.count - 1)) }

  private mutating func sort(by order: TopOrder, reversed: Bool) {
    self.order = order
    isReversed = reversed
    arrange()
  }
}
