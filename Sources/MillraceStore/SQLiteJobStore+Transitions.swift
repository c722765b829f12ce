import GRDB
package import MillraceCore
package import MillraceEngine

extension SQLiteJobStore {
  package func transitions(after last: Int64, atMost count: Int) async throws -> [TransitionRow] {
    try await history.read("read transitions") { try TransitionRows.read(after: last, atMost: count, in: $0) }
  }

  package func transitionNumbers() async throws -> ClosedRange<Int64>? {
    try await history.read("look for the transitions on record") { db in
      try TransitionRows.first(in: db).map { $0.first...(try TransitionRows.last(in: db)) }
    }
  }

  package func delete(_ choice: OldTransitions, atMost count: Int) async throws -> RowDeletion {
    try await write("delete transitions", placing: []) { db in
      var deletion = RowDeletion()
      let old = try Self.old(choice, atMost: count, in: db)
      guard let newest = old.last else { return deletion }
      deletion.count = old.count
      deletion.last = newest.time
      try db.execute(sql: "DELETE FROM transition WHERE number <= ?", arguments: [newest.number])
      return deletion
    }
  }

  package func count(_ choice: OldTransitions) async throws -> Int {
    try await history.read("count transitions") { try Self.old(choice, atMost: .max, in: $0).count }
  }

  package func firstOldTransition() async throws -> Timestamp? {
    let choice = OldTransitions(before: Timestamp(rawValue: .max))
    return try await history.read("look for the first transition") { db in
      try Self.old(choice, atMost: 1, in: db).first?.time
    }
  }

  static let oldRows = """
    SELECT number, time FROM transition
    WHERE number < (SELECT max(number) FROM transition) ORDER BY number LIMIT ?
    """

  /// The rows that may go: the engine's clock only goes forward, so they are the first ones.
  private static func old(
    _ choice: OldTransitions, atMost count: Int, in db: Database
  ) throws -> [(number: Int64, time: Timestamp)] {
    var old: [(number: Int64, time: Timestamp)] = []
    let rows = try Row.fetchCursor(db.cachedStatement(sql: oldRows), arguments: [count])
    while let row = try rows.next() {
      var reader = RowReader(row)
      let (number, time): (Int64, Timestamp) = (try reader.value(), try reader.time())
      guard time < choice.before else { break }
      old.append((number, time))
    }
    return old
  }
}
