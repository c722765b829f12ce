import GRDB
import MillraceCore

/// Which events a list has, the newest first.
///
/// Each type that fits is walked along an index by itself, and what is found is merged: so no list is sorted,
/// and none reads the events that do not fit.
struct EventListing {
  let query: EventQuery
  let db: Database

  static let all = "SELECT number FROM event WHERE number < ? ORDER BY number DESC LIMIT ?"

  static let ofType = """
    SELECT number FROM event INDEXED BY event_type
    WHERE type = ? AND number > ? AND number < ? ORDER BY number DESC LIMIT ?
    """

  static let ofSource = """
    SELECT number FROM event INDEXED BY event_source
    WHERE source = ? AND type = ? AND number > ? AND number < ? ORDER BY number DESC LIMIT ?
    """

  /// Returns the statement of the first type that is as told: `>= ?` or `> ?`.
  static func nextType(_ bound: String, ofSource: Bool) -> String {
    ofSource
      ? "SELECT type FROM event INDEXED BY event_source WHERE source = ? AND type \(bound) "
        + "ORDER BY type LIMIT 1"
      : "SELECT type FROM event INDEXED BY event_type WHERE type \(bound) ORDER BY type LIMIT 1"
  }

  /// Reads the numbers of the events.
  func numbers() throws -> [Int64] {
    let before = query.before?.rawValue ?? .max
    if query.source == nil, query.type.map({ $0.text == "*" }) ?? true {
      return try Int64.fetchAll(db.cachedStatement(sql: Self.all), arguments: [before, query.limit])
    }
    var numbers: [Int64] = []
    try forEachType { type in
      // A list that is full takes only newer ones.
      let last = numbers.count == query.limit ? numbers[query.limit - 1] : 0
      let found = try Int64.fetchAll(
        db.cachedStatement(sql: query.source == nil ? Self.ofType : Self.ofSource),
        arguments: source + [type, last, before, query.limit])
      guard !found.isEmpty else { return }
      numbers = Array((numbers + found).sorted(by: >).prefix(query.limit))
    }
    return numbers
  }

  /// The source, if one is asked for, as the first value of a statement.
  private var source: StatementArguments { query.source.map { [$0] } ?? [] }

  /// Visits the types on record that fit, one seek in an index each.
  private func forEachType(_ visit: (String) throws -> Void) throws {
    if let pattern = query.type, pattern.isExact { return try visit(pattern.text) }
    let start = query.type.map { String($0.text.prefix { $0 != "*" }) } ?? ""
    var (bound, last) = (">= ?", start)
    while let type = try String.fetchOne(
      db.cachedStatement(sql: Self.nextType(bound, ofSource: query.source != nil)),
      arguments: source + [last]), type.hasPrefix(start)
    {
      if query.type?.matches(type) ?? true { try visit(type) }
      (bound, last) = ("> ?", type)
    }
  }
}
