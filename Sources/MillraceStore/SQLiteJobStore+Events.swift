import GRDB
package import MillraceCore
package import MillraceEngine

extension SQLiteJobStore: EventStore {
  package func accept(_ events: [CloudEvent], at received: Timestamp) async throws -> [EventAcceptance] {
    let file = file
    let accepted = try await write("accept \(events.count) events", placing: []) { db in
      let writer = EventWriter(db: db, file: file)
      return try events.map { try writer.accept($0, at: received) }
    }
    activityRing.yield()
    return accepted
  }

  package func openEvents(atMost count: Int) async throws -> [EventRecord] {
    try await history.read("read the open events") { db in
      try Self.records(EventQueries.open, [count], in: db)
    }
  }

  package func openEventCount() async throws -> Int {
    try await history.read("count the open events") { db in
      try Int.fetchOne(db, sql: EventQueries.openCount) ?? 0
    }
  }

  package func gatherings() async throws -> [ScheduleID: GatheredEvents] {
    try await history.read("look for gathered events") { db in
      try Row.fetchAll(db, sql: EventQueries.gatherings).reduce(into: [:]) { gatherings, row in
        var reader = RowReader(row)
        gatherings[ScheduleID(try reader.value())] = GatheredEvents(
          count: try reader.int(), first: try reader.time(), last: try reader.time())
      }
    }
  }

  package func gatheredEvents(of schedule: ScheduleID) async throws -> [EventRecord] {
    try await history.read("read the events that schedule \(schedule) gathers") { db in
      try Self.records(EventQueries.gathered, [schedule.rawValue], in: db)
    }
  }

  private static func records(
    _ sql: String, _ values: StatementArguments, in db: Database
  ) throws -> [EventRecord] {
    try SQLiteHistory.fetch(SQL(sql: sql, arguments: values), in: db) { try EventRows.read(&$0) }
  }

  package func events(matching query: EventQuery) async throws -> [EventRow] {
    try await history.events(matching: query)
  }

  package func event(_ number: EventNumber) async throws -> EventRow? { try await history.event(number) }
}
