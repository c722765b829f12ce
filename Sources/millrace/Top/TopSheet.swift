import MillraceCore
import MillraceWire

/// One picture of the runner as text, as wide as it needs: `top --once`.
struct TopSheet {
  let state: TopState

  /// Returns the page; empty if nothing was answered.
  func text(paint: Paint) -> String {
    guard let view = state.view else { return "" }
    let head = TopHead(status: view.status, time: state.time)
    var text = head.lines.map { $0.text(cells: .max, paint: paint) + "\n" }.joined()
    text += section(
      state.running, of: view.status.running, "running", TopColumn.running(state.running, at: state.time),
      paint)
    text += section(state.queued, of: view.status.queued, "queued", TopColumn.queued(at: state.time), paint)
    return text
  }

  private func section(
    _ rows: [TopRow], of count: Int, _ word: String, _ columns: [TopColumn], _ paint: Paint
  ) -> String {
    guard !rows.isEmpty else { return "" }
    let more = rows.count < count ? " (\(rows.count) of \(count) are shown)" : ""
    let table = Table<TopRow>(columns.map(\.column), id: \.number)
    return "\n" + paint(word + more, .title) + "\n" + table.lines(rows, wide: false, paint: paint)
  }
}
