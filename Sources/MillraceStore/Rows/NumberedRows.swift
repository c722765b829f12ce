import GRDB
import MillraceCore
import MillraceEngine

/// Rows of a table that were numbered as they came, of which the oldest go first.
struct NumberedRows {
  let table: String
  /// Finds the first rows that may go at all, with their numbers and times; its argument is how many.
  let query: String

  /// The audit.
  static let audit = NumberedRows(
    table: "audit", query: "SELECT number, time FROM audit ORDER BY number LIMIT ?")

  /// The transitions; the newest stays, for numbers go on behind it.
  static let transitions = NumberedRows(
    table: "transition",
    query: """
      SELECT number, time FROM transition
      WHERE number < (SELECT max(number) FROM transition) ORDER BY number LIMIT ?
      """)

  /// Returns the first rows, up to one that is too young. A clock that was set back may keep some of them for
  /// longer.
  func old(
    before limit: Timestamp, atMost count: Int, in db: Database
  ) throws -> [(number: Int64, time: Timestamp)] {
    var old: [(number: Int64, time: Timestamp)] = []
    let rows = try Row.fetchCursor(db.cachedStatement(sql: query), arguments: [count])
    while let row = try rows.next() {
      var reader = RowReader(row)
      let (number, time): (Int64, Timestamp) = (try reader.value(), try reader.time())
      guard time < limit else { break }
      old.append((number, time))
    }
    return old
  }

  /// Deletes them, and tells how many they were.
  func delete(before limit: Timestamp, atMost count: Int, in db: Database) throws -> RowDeletion {
    var deletion = RowDeletion()
    let old = try old(before: limit, atMost: count, in: db)
    guard let newest = old.last else { return deletion }
    deletion.count = old.count
    deletion.last = newest.time
    try db.execute(sql: "DELETE FROM \(table) WHERE number <= ?", arguments: [newest.number])
    return deletion
  }
}
