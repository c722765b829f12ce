import GRDB
import MillraceCore

/// The figures that handlers tell in their results, over the last of these.
enum ReportedFigures {
  /// How many results with figures are looked through, the newest first: a handler whose last one is older
  /// than all of these has none.
  static let bound = 10_000

  /// The numbers in the last results of each handler, or of one, from the newest on.
  static let sql = """
    WITH recent AS MATERIALIZED (
      SELECT job, number, bytes FROM result INDEXED BY result_figures
      WHERE \(FigureView.isOfFigures)
      ORDER BY job DESC, number DESC LIMIT \(bound)
    ), ranked AS MATERIALIZED (
      SELECT attempt.handler AS handler, attempt.ended AS ended, recent.bytes AS bytes,
        row_number() OVER (PARTITION BY attempt.handler ORDER BY attempt.ended DESC) AS place
      FROM recent CROSS JOIN attempt ON attempt.job = recent.job AND attempt.number = recent.number
      WHERE ?1 IS NULL OR attempt.handler = ?1
    )
    SELECT result.handler, each.key, result.ended, CAST(each.value AS REAL)
    FROM ranked AS result CROSS JOIN json_each(\(FigureView.text)) AS each
    WHERE place <= ?2 AND \(FigureView.isNumber)
    ORDER BY result.handler, each.key, place
    """

  /// Reads them, by handler and name.
  static func read(
    lastOfEach count: Int, handler: String?, in db: Database
  ) throws -> [ReportedFigure] {
    precondition(count > 0, "no result is the last of none")
    var figures: [ReportedFigure] = []
    let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: [handler, count])
    while let row = try rows.next() {
      var reader = RowReader(row)
      let (handler, name): (String, String) = (try reader.value(), try reader.value())
      let (time, value) = (try reader.time(), try reader.value() as Double)
      guard value.isFinite else { continue }  // JSON has numbers that are too large for this.
      guard let last = figures.last, last.handler == handler, last.name == name else {
        figures.append(
          ReportedFigure(
            handler: handler, name: name, count: 1, time: time, last: value, least: value, mean: value,
            largest: value))
        continue
      }
      figures[figures.count - 1].add(value)
    }
    return figures
  }
}
