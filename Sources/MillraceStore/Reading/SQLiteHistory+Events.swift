import GRDB
package import MillraceCore
import MillraceEngine

extension SQLiteHistory: EventReader {
  package func events(matching query: EventQuery) async throws -> [EventRow] {
    try checkLimit(query.limit)
    return try await read("list events") { db in
      try EventListing(query: query, db: db).numbers().compactMap {
        try Self.event(EventNumber($0), in: db)
      }
    }
  }

  package func event(_ number: EventNumber) async throws -> EventRow? {
    try await read("read event \(number)") { db in try Self.event(number, in: db) }
  }

  static let eventByNumber = "SELECT \(EventRows.columns), is_open FROM event WHERE number = ?"

  private static func event(_ number: EventNumber, in db: Database) throws -> EventRow? {
    let row = try Row.fetchOne(
      db.cachedStatement(sql: eventByNumber), arguments: [number.rawValue])
    guard let row else { return nil }
    var reader = RowReader(row)
    return EventRow(
      record: try EventRows.read(&reader), isOpen: try reader.value(),
      effects: try EventRows.readEffects(of: number, in: db))
  }
}
