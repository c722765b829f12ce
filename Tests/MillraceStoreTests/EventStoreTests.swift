import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Events on record")
struct EventStoreTests {
  @Test("can be asked for with the runner down, and the next runner goes on with them")
  func readOnly() async throws {
    try await withEvents { store, file in
      let rows = try await store.events(matching: EventQuery())
      let (open, gatherings) = try await (store.openEvents(atMost: 9), store.gatherings())
      let gathered = try await store.gatheredEvents(of: ScheduleID(2))
      #expect(rows.count == 4 && open.count == 1 && gatherings.count == 1 && gathered.count == 2)
      try store.close()
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.events(matching: EventQuery()) == rows)
      #expect(try await history.event(EventNumber(2)) == rows[2])
      try history.close()
      let next = try SQLiteJobStore(opening: file)
      #expect(try await next.openEvents(atMost: 9) == open)
      #expect(try await next.openEventCount() == 1)
      #expect(try await next.gatherings() == gatherings)
      #expect(try await next.gatheredEvents(of: ScheduleID(2)) == gathered)
      #expect(try await next.accept([Sample.event("1")], at: Sample.time(99)).map(\.isNew) == [false])
      try next.close()
    }
  }

  @Test("what SQLite would cut off is refused, and with it all that came in the same call")
  func unfit() async throws {
    let changes: [(inout CloudEvent) -> Void] = [
      { $0.source = "/a\0b" }, { $0.id = "a\0b" }, { $0.type = "a\0b" }, { $0.subject = "a\0b" },
      { $0.time = "a\0b" }, { $0.id = "" }, { $0.source = "" }, { $0.type = "" }, { $0.data = .number(.nan) },
    ]
    try await withStore { store, _ in
      for change in changes {
        var event = Sample.event("2")
        change(&event)
        let events = [Sample.event("1"), event]
        let error = try await storeError { _ = try await store.accept(events, at: Sample.time(1)) }
        #expect(error.kind == .mistake, "\(event)")
        #expect(try await store.openEventCount() == 0)
      }
    }
  }

  @Test("data as large as an event can be comes back")
  func large() async throws {
    try await withStore { store, _ in
      var event = Sample.event("1")
      event.data = .array((0..<20_000).map { .string("element \($0)") })
      let number = try await store.accept([event], at: Sample.time(1))[0].number
      #expect(try await store.event(number)?.record.event == event)
    }
  }

  @Test(
    "a row that says what can't be is refused",
    arguments: [
      "UPDATE event SET source = ''", "UPDATE event SET id = ''", "UPDATE event SET type = ''",
      "UPDATE event SET id = 'same'", "UPDATE event SET content = '[]'", "UPDATE event SET content = '{'",
      "UPDATE event SET hops = -1", "UPDATE event SET is_open = 2", "UPDATE event SET received = 'now'",
      "INSERT INTO event_effect VALUES (1, 9, NULL)", "INSERT INTO event_effect VALUES (9, 1, NULL)",
      "UPDATE event_effect SET nominal = 9", "DELETE FROM schedule",
    ])
  func checks(sql: String) async throws {
    try await withEvents { store, _ in
      let error = await #expect(throws: DatabaseError.self) {
        try await store.pool.write { db in try db.execute(sql: sql) }
      }
      #expect(error?.resultCode == .SQLITE_CONSTRAINT)
    }
  }

  @Test("a schedule that only gathered goes at once when it is removed, and what it gathered can go later")
  func removed() async throws {
    try await withEvents { store, _ in
      #expect(try await store.count(OldEvents(before: Sample.time(99))) == 1)
      _ = try await store.change(.remove(ScheduleID(2), at: Sample.time(9)))
      let schedules = try await store.pool.read { try Int64.fetchAll($0, sql: "SELECT id FROM schedule") }
      #expect(schedules == [1])
      #expect(try await store.delete(OldEvents(before: Sample.time(99)), atMost: 9).count == 3)
      let effects = try await store.pool.read {
        try Int.fetchOne($0, sql: "SELECT count(*) FROM event_effect")
      }
      #expect(effects == 0)
    }
  }

  @Test("a backup has events, and what came of them")
  func backup() async throws {
    try await withEvents { store, file in
      let target = file.directory + "/copy"
      _ = try await store.backup(to: target)
      let copy = try SQLiteJobStore(opening: target + "/millrace.sqlite")
      #expect(try await copy.events(matching: EventQuery()) == store.events(matching: EventQuery()))
      #expect(try await copy.gatherings() == store.gatherings())
      try copy.close()
    }
  }
}

/// Gives `body` a store with two schedules and four events: of the first one `alone` made a job, `together`
/// gathers the second and the third, and the fourth is open.
func withEvents(_ body: (SQLiteJobStore, String) async throws -> Void) async throws {
  try await withStore { store, file in
    var schedules: [Schedule] = []
    for (name, members) in [("alone", [:]), ("together", ["debounce": JSONValue.string("5s")])] {
      let change = ScheduleChange.add(try Sample.listener(name, members), file: nil, created: Sample.time(0))
      schedules.append(try #require(try await store.change(change)))
    }
    let events = try await store.accept((1...4).map { Sample.event("\($0)") }, at: Sample.time(1)).map(
      \.number)
    var claim = Sample.claim(1, of: schedules[0])
    claim.events = [events[0]]
    var settlement = EventSettlement()
    settlement.settled = Array(events[0...2])
    settlement.gathered = events[1...2].map { (schedules[1].id, $0) }
    _ = try await store.claim([claim], settling: settlement, at: Sample.time(2))
    try await body(store, file)
  }
}
