import GRDB
import MillraceCore
import MillraceEngine

/// The history of each handler in figures.
///
/// One statement counts; then one per figure gives its values in order, and those at the wanted ranks are
/// taken as they pass by. SQLite sorts, on disk if need be: the memory in use does not grow with the history.
struct Summaries {
  /// A percentile by nearest rank (<https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method>): the
  /// smallest value with at least so many per cent of all values at or below it.
  static func nearestRank(_ percent: Int, of count: Int) -> Int { (count * percent + 99) / 100 }

  private let db: Database
  private let matching: SQL
  private var summaries: [String: HandlerSummary] = [:]

  /// Returns a line per handler, in the order of their names.
  static func read(_ filter: HistoryFilter, in db: Database) throws -> [HandlerSummary] {
    var filter = filter
    filter.after = nil  // They are of the whole list.
    let query = try HistoryQuery(filter, in: db)
    let columns: SQL = """
      attempt.handler AS handler, attempt.outcome AS outcome, attempt.memory_peak AS memory_peak,
      attempt.duration AS duration, attempt.wait AS wait, attempt.cpu AS cpu
      """
    var summaries = Summaries(db: db, matching: query.rows(columns))
    try summaries.count()
    try summaries.pick("memory_peak", [95, 100]) {
      $0.memoryP95 = Bytes(max(0, $1[0]))
      $0.memoryMax = Bytes(max(0, $1[1]))
    }
    try summaries.pick("duration", [50, 95]) {
      $0.durationP50 = .microseconds($1[0])
      $0.durationP95 = .microseconds($1[1])
    }
    try summaries.pick("wait", [50]) { $0.waitP50 = .microseconds($1[0]) }
    return summaries.summaries.values.sorted { $0.handler < $1.handler }
  }

  private init(db: Database, matching: SQL) {
    self.db = db
    self.matching = matching
  }

  private mutating func count() throws {
    let sql: SQL = """
      SELECT handler, outcome, count(*), coalesce(sum(cpu), 0) FROM (\(matching)) GROUP BY handler, outcome
      """
    let rows = try SQLRequest<Row>(literal: sql).fetchCursor(db)
    while let row = try rows.next() {
      var reader = RowReader(row)
      let handler: String = try reader.value()
      let outcome = try reader.optionalWord(Outcome.self)
      let count = try reader.int()
      var summary =
        summaries[handler]
        ?? HandlerSummary(
          handler: handler, attempts: 0, succeeded: 0, outcomes: [:], memoryP95: nil, memoryMax: nil,
          durationP50: nil, durationP95: nil, waitP50: nil, cpuTotal: .zero)
      summary.attempts += count
      if let outcome { summary.outcomes[outcome] = count }
      if outcome == .succeeded { summary.succeeded = count }
      summary.cpuTotal += try reader.span()
      summaries[handler] = summary
    }
  }

  /// Finds the percentiles of a column for each handler; a handler without a value has none.
  private mutating func pick(
    _ column: String, _ percents: [Int], _ note: (inout HandlerSummary, [Int64]) -> Void
  ) throws {
    let counting: SQL = "SELECT handler, count(\(sql: column)) FROM (\(matching)) GROUP BY handler"
    let counts = try SQLRequest<Row>(literal: counting).fetchAll(db)
      .reduce(into: [String: Int]()) { $0[$1[0]] = $1[1] }
    let sql: SQL = """
      SELECT handler, \(sql: column) FROM (\(matching)) WHERE \(sql: column) IS NOT NULL ORDER BY 1, 2
      """
    let rows = try SQLRequest<Row>(literal: sql).fetchCursor(db)
    // The values of one handler pass by together, in the order of bytes, which is how SQLite compares text.
    for (handler, count) in counts.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    where count > 0 {
      let ranks = percents.map { Self.nearestRank($0, of: count) }
      var values = ranks.map { _ in Int64(0) }
      for rank in 1...count {
        guard let row = try rows.next() else { break }
        for index in ranks.indices where ranks[index] == rank { values[index] = row[1] }
      }
      if var summary = summaries[handler] {
        note(&summary, values)
        summaries[handler] = summary
      }
    }
  }
}
