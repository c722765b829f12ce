import GRDB
import MillraceCore
import MillraceEngine

/// The history of each handler, or of each build of it, in figures.
///
/// One statement counts; then one per figure gives its values in order, and those at the wanted ranks are
/// taken as they pass by. SQLite sorts, on disk if need be: the memory in use does not grow with the history.
struct Summaries {
  /// A percentile by nearest rank (<https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method>): the
  /// smallest value with at least so many per cent of all values at or below it.
  static func nearestRank(_ percent: Int, of count: Int) -> Int { (count * percent + 99) / 100 }

  /// What has a line.
  enum Grouping { case handler, build }

  private let db: Database
  private let matching: SQL
  private let grouping: Grouping
  private var summaries: [String: HandlerSummary] = [:]

  /// Returns a line per handler, in the order of their names; per build, those of a handler from its first
  /// to its newest.
  static func read(
    _ filter: HistoryFilter, by grouping: Grouping = .handler, in db: Database
  ) throws -> [HandlerSummary] {
    var filter = filter
    filter.after = nil  // They are of the whole list.
    let query = try HistoryQuery(filter, in: db)
    // A handler's name has no blank.
    let part: SQL = grouping == .handler ? "attempt.handler" : "attempt.handler || ' ' || plugin_sha256"
    let columns: SQL = """
      \(part) AS part, attempt.outcome AS outcome, attempt.memory_peak AS memory_peak,
      attempt.duration AS duration, attempt.wait AS wait, attempt.cpu AS cpu, attempt.starting AS starting,
      attempt.plugin_version AS version, attempt.started AS started, attempt.ended AS ended,
      attempt.frozen_time AS frozen_time
      """
    var summaries = Summaries(db: db, matching: query.rows(columns), grouping: grouping)
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
    if grouping == .build { try summaries.compareBuilds() }
    return summaries.summaries.values.sorted { ($0.handler, $0.order) < ($1.handler, $1.order) }
  }

  private init(db: Database, matching: SQL, grouping: Grouping) {
    self.db = db
    self.matching = matching
    self.grouping = grouping
  }

  private mutating func count() throws {
    let sql: SQL = """
      SELECT part, outcome, count(*), coalesce(sum(cpu), 0), min(starting), max(version)
      FROM (\(matching)) GROUP BY part, outcome
      """
    let rows = try SQLRequest<Row>(literal: sql).fetchCursor(db)
    while let row = try rows.next() {
      var reader = RowReader(row)
      let part: String = try reader.value()
      let outcome = try reader.optionalWord(Outcome.self)
      let count = try reader.int()
      var summary = summaries[part] ?? Self.empty(of: part)
      summary.attempts += count
      if let outcome { summary.outcomes[outcome] = count }
      if outcome == .succeeded { summary.succeeded = count }
      summary.cpuTotal += try reader.span()
      let (first, version) = (try reader.time(), try reader.value() as String)
      if grouping == .build {
        let sha256 = String(part.suffix(64))
        let earlier = min(first, summary.build?.first ?? first)
        summary.build = BuildFigures(sha256: sha256, version: version, first: earlier)
      }
      summaries[part] = summary
    }
  }

  private static func empty(of part: String) -> HandlerSummary {
    HandlerSummary(
      handler: String(part.prefix { $0 != " " }), attempts: 0, succeeded: 0, outcomes: [:], memoryP95: nil,
      memoryMax: nil, durationP50: nil, durationP95: nil, waitP50: nil, cpuTotal: .zero)
  }

  /// How many of the last attempts of a build are compared with those of another.
  private static let compared = 200

  /// Finds what each build takes more of than the build of its handler before it.
  private mutating func compareBuilds() throws {
    let sql: SQL = """
      SELECT part, memory_peak, run FROM (
        SELECT part, memory_peak, max(0, ended - started - frozen_time) AS run,
          row_number() OVER (PARTITION BY part ORDER BY ended DESC) AS place
        FROM (\(matching)) WHERE \(sql: EvidenceQuery.condition)
      ) WHERE place <= \(Self.compared)
      """
    var figures: [String: (memory: [Int64], run: [Int64])] = [:]
    let rows = try SQLRequest<Row>(literal: sql).fetchCursor(db)
    while let row = try rows.next() {
      let part: String = row[0]
      if let memory: Int64 = row[1] { figures[part, default: ([], [])].memory.append(memory) }
      figures[part, default: ([], [])].run.append(row[2])
    }
    for part in figures.keys {
      figures[part]?.memory.sort()
      figures[part]?.run.sort()
    }
    let inOrder = summaries.sorted { ($0.value.handler, $0.value.order) < ($1.value.handler, $1.value.order) }
    for (former, newer) in zip(inOrder, inOrder.dropFirst()) {
      guard former.value.handler == newer.value.handler, let build = former.value.build,
        let old = figures[former.key], let new = figures[newer.key]
      else { continue }
      summaries[newer.key]?.build?.regressions = [
        Regression.find(.memory, new.memory, against: old.memory, of: build.sha256),
        Regression.find(.time, new.run, against: old.run, of: build.sha256),
      ].compactMap(\.self)
    }
  }

  /// Finds the percentiles of a column for each part; one without a value has none.
  private mutating func pick(
    _ column: String, _ percents: [Int], _ note: (inout HandlerSummary, [Int64]) -> Void
  ) throws {
    let counting: SQL = "SELECT part, count(\(sql: column)) FROM (\(matching)) GROUP BY part"
    let counts = try SQLRequest<Row>(literal: counting).fetchAll(db)
      .reduce(into: [String: Int]()) { $0[$1[0]] = $1[1] }
    let sql: SQL = """
      SELECT part, \(sql: column) FROM (\(matching)) WHERE \(sql: column) IS NOT NULL ORDER BY 1, 2
      """
    let rows = try SQLRequest<Row>(literal: sql).fetchCursor(db)
    // The values of one part pass by together, in the order of bytes, which is how SQLite compares text.
    for (part, count) in counts.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    where count > 0 {
      let ranks = percents.map { Self.nearestRank($0, of: count) }
      var values = ranks.map { _ in Int64(0) }
      for rank in 1...count {
        guard let row = try rows.next() else { break }
        for index in ranks.indices where ranks[index] == rank { values[index] = row[1] }
      }
      if var summary = summaries[part] {
        note(&summary, values)
        summaries[part] = summary
      }
    }
  }
}

extension HandlerSummary {
  /// The place of a build among those of its handler.
  fileprivate var order: Int64 { build?.first.rawValue ?? 0 }
}
