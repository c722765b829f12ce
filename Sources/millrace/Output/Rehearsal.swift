import MillraceWire

/// What `--dry-run` prints.
enum Rehearsal {
  /// Prints what would become of a request; where numbers of jobs are usual, the page for people.
  static func show(_ view: RehearsalView, output: OutputFormat = .table) throws {
    var format = OutputOptions()
    format.output = output == .ids ? .table : output
    let sheet = WhySheet(now: Moment.now)
    try format.print(rows: view.explanation.gates, as: .gates, json: view) { sheet.text(of: view, paint: $0) }
  }
}
