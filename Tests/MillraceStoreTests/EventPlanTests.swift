import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Query plans of events")
struct EventPlanTests {
  @Test("a list is walked along an index, type by type, and none is sorted")
  func lists() async throws {
    try await demand([
      EventListing.all: ["SEARCH event USING INTEGER PRIMARY KEY (rowid<?)"],
      EventListing.ofType: ["SEARCH event USING COVERING INDEX event_type (type=? AND rowid>? AND rowid<?)"],
      EventListing.ofSource: [
        "SEARCH event USING COVERING INDEX event_source (source=? AND type=? AND rowid>? AND rowid<?)"
      ],
      EventListing.nextType("> ?", ofSource: false): [
        "SEARCH event USING COVERING INDEX event_type (type>?)"
      ],
      EventListing.nextType(">= ?", ofSource: true): [
        "SEARCH event USING COVERING INDEX event_source (source=? AND type>?)"
      ],
      SQLiteHistory.eventByNumber: ["SEARCH event USING INTEGER PRIMARY KEY (rowid=?)"],
      EventRows.known: ["SEARCH event USING COVERING INDEX sqlite_autoindex_event_1 (source=? AND id=?)"],
      // What schedules made of one event.
      EventRows.effects: [
        "SEARCH event_effect USING PRIMARY KEY (event=?)",
        "SEARCH schedule USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH tick USING PRIMARY KEY (schedule=? AND nominal=?) LEFT-JOIN", "USE TEMP B-TREE FOR ORDER BY",
      ],
    ])
  }

  @Test("what is open or gathered is found without the events that are neither")
  func open() async throws {
    try await demand([
      // It has only the open ones.
      EventQueries.open: ["SCAN event USING INDEX event_open"],
      EventQueries.openCount: ["SCAN event USING INDEX event_open"],
      EventQueries.gatherings: [
        "SCAN schedule USING INDEX schedule_name",
        "SEARCH event_effect USING COVERING INDEX effect_tick (schedule=? AND nominal=?)",
        "SEARCH event USING INTEGER PRIMARY KEY (rowid=?)",
      ],
      EventQueries.gathered: [
        "SEARCH event_effect USING COVERING INDEX effect_tick (schedule=? AND nominal=?)",
        "SEARCH event USING INTEGER PRIMARY KEY (rowid=?)",
      ],
      EventQueries.hops: [
        "SEARCH tick USING COVERING INDEX tick_job (job=?)",
        "SEARCH event_effect USING COVERING INDEX effect_tick (schedule=? AND nominal=?)",
        "SEARCH event USING INTEGER PRIMARY KEY (rowid=?)",
      ],
      // What goes with a nominal time, or with an event.
      "DELETE FROM event_effect WHERE schedule = ? AND nominal = ?": [
        "SEARCH event_effect USING COVERING INDEX effect_tick (schedule=? AND nominal=?)"
      ],
      "DELETE FROM event_effect WHERE event = ?": ["SEARCH event_effect USING PRIMARY KEY (event=?)"],
    ])
  }

  @Test("old events are found in the order in which they came, and not sorted")
  func old() async throws {
    try await withEvents { store, _ in
      let query = OldEventsQuery(choice: OldEvents(since: Sample.time(1), before: Sample.time(9)))
      for sql in [query.list(atMost: 5), query.count] {
        let plan = try await Self.plan(of: sql, in: store)
        #expect(
          plan == [
            "SEARCH event USING INDEX event_received (received>? AND received<?)",
            "CORRELATED SCALAR SUBQUERY 1", "SEARCH event_effect USING PRIMARY KEY (event=?)",
          ])
      }
    }
  }

  private func demand(_ plans: [String: [String]]) async throws {
    try await withEvents { store, _ in
      for (sql, expected) in plans {
        let unbound = StatementArguments((0..<sql.count { $0 == "?" }).map { _ in DatabaseValue.null })
        let plan = try await Self.plan(of: SQL(sql: sql, arguments: unbound), in: store)
        #expect(plan == expected, "\(sql)")
      }
    }
  }

  private static func plan(of sql: SQL, in store: SQLiteJobStore) async throws -> [String] {
    try await store.pool.read { db in
      try SQLRequest<Row>(literal: "EXPLAIN QUERY PLAN \(sql)").fetchAll(db).map { $0["detail"] }
    }
  }
}
