import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Schedules on record")
struct ScheduleStoreTests {
  @Test("can be asked for with the runner down")
  func readOnly() async throws {
    try await withScheduledStore { store, file in
      let filter = TickFilter(schedule: ScheduleID(1))
      let (schedules, ticks) = try await (store.schedules(), store.ticks(matching: filter))
      let tallies = try await store.tallies(of: [ScheduleID(1)])
      try store.close()
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.schedules() == schedules && schedules.count == 2)
      #expect(try await history.ticks(matching: filter) == ticks && ticks.count == 3)
      #expect(try await history.tallies(of: [ScheduleID(1)]) == tallies)
      #expect(try await history.lastSuccess(of: ScheduleID(1)) == Sample.time(1))
      try history.close()
      // And by the next runner.
      let next = try SQLiteJobStore(opening: file)
      #expect(try await next.schedules() == schedules)
      #expect(try await next.unfinishedJobsOfSchedules().keys.sorted() == [ScheduleID(2)])
      try next.close()
    }
  }

  @Test(
    "a definition that this build can't read is told by the schedule's name, and nothing crashes",
    arguments: [
      (#"{"name": "nightly", "every": "soon", "job": {"handler": "noop"}}"#, "`every`"),
      (#"{"name": "nightly", "every": "1h", "moon": "full", "job": {"handler": "noop"}}"#, "moon"),
      ("{}", "name"),
    ])
  func unreadable(definition: String, word: String) async throws {
    try await withScheduledStore { store, _ in
      try await store.pool.write { db in
        try db.execute(sql: "UPDATE schedule SET definition = ? WHERE id = 1", arguments: [definition])
      }
      let reads: [() async throws -> Void] = [
        { _ = try await store.schedules() },
        { _ = try await store.change(.pause(ScheduleID(1), since: nil)) },
      ]
      for read in reads {
        let error = try await storeError { try await read() }
        #expect(error.reason == .corrupt)
        #expect(error.message.contains("the definition of schedule `nightly` can't be read: "))
        #expect(error.message.contains(word), "\(error)")
      }
      // What became of its times can be asked for all the same.
      #expect(try await store.ticks(matching: TickFilter(schedule: ScheduleID(1))).count == 3)
      // And it can be replaced.
      let sound = try Sample.definition()
      #expect(
        try await store.change(.replace(ScheduleID(1), sound, file: nil, decided: Sample.time(9)))?.definition
          == sound)
    }
  }

  @Test("what a change can't be made for is said: the name that is taken, the schedule that is not there")
  func refusals() async throws {
    try await withScheduledStore { store, _ in
      let definition = try Sample.definition()
      let taken = try await storeError {
        _ = try await store.change(.add(definition, file: nil, created: Sample.time(0)))
      }
      #expect(taken.reason == .unfit && taken.kind == .mistake)
      #expect(taken.message.contains("write schedule `nightly`") && taken.detail.contains("has its name"))
      let missing = try await storeError { _ = try await store.change(.pause(ScheduleID(77), since: nil)) }
      #expect(missing.reason == .wrongState && missing.message.contains("write schedule 77"))
    }
  }

  @Test("an input whose time is taken, and one of claims that fail, leave no file behind")
  func files() async throws {
    try await withScheduledStore { store, _ in
      let schedule = try await store.schedules()[1]
      var claim = Sample.claim(50, of: schedule)
      claim.submission?.input = [UInt8](repeating: 1, count: 2 << 20)
      _ = try await store.claim([claim, claim], at: Sample.time(50))
      _ = try await store.claim([claim], at: Sample.time(51))
      #expect(try store.blobs.names().count == 1)
      var wrong = Sample.claim(52, of: schedule)
      wrong.tick.local = ""
      claim.tick.nominal = Sample.time(51)
      _ = try await storeError { [claim, wrong] in
        _ = try await store.claim([claim, wrong], at: Sample.time(52))
      }
      #expect(try store.blobs.names().count == 1)
    }
  }

  @Test("a removed schedule goes with its last time, and at once if it has none")
  func removed() async throws {
    try await withScheduledStore { store, _ in
      func rows(_ table: String) async throws -> Int? {
        try await store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
      }
      let added = try await store.change(
        .add(try Sample.definition("third"), file: nil, created: Sample.time(0)))
      _ = try await store.change(.remove(try #require(added).id, at: Sample.time(9)))
      #expect(try await rows("schedule") == 2)
      _ = try await store.change(.remove(ScheduleID(1), at: Sample.time(9)))
      #expect(try await rows("schedule") == 2)
      #expect(try await store.delete(OldTicks(before: Sample.time(99)), atMost: 9).count == 3)
      #expect(try await rows("schedule") == 1)
      #expect(try await rows("tick_tally WHERE schedule = 1") == 0)
    }
  }

  @Test(
    "a row that says what can't be is refused",
    arguments: [
      "INSERT INTO tick VALUES (9, 1, 'l', 'missed-down', 1, NULL, NULL, NULL)",
      "INSERT INTO tick SELECT * FROM tick",
      "UPDATE tick SET fate = 'forgotten'", "UPDATE tick SET fate = 'missed-down'",
      "UPDATE tick SET job = NULL, job_state = NULL", "UPDATE tick SET job = 1", "UPDATE tick SET local = ''",
      "UPDATE tick SET job_state = 'queued'",
      "UPDATE tick SET job_state = 'failed' WHERE job IS NULL", "UPDATE tick SET nominal = NULL",
      "UPDATE tick SET decided = 'now'", "UPDATE schedule SET name = ''", "UPDATE schedule SET name = 'same'",
      "UPDATE schedule SET definition = '{'", "UPDATE schedule SET definition = '[]'",
      "UPDATE schedule SET postponed = '{}'", "UPDATE schedule SET runs = -1",
      "UPDATE schedule SET file = ''",
      "DELETE FROM schedule", "UPDATE tick_tally SET ticks = -1",
    ])
  func checks(sql: String) async throws {
    try await withScheduledStore { store, _ in
      let error = await #expect(throws: DatabaseError.self) {
        try await store.pool.write { db in try db.execute(sql: sql) }
      }
      #expect(error?.resultCode == .SQLITE_CONSTRAINT)
    }
  }

  @Test("the fates on record are those of the core, and the same of them have a job")
  func fates() async throws {
    try await withScheduledStore { store, _ in
      for (index, fate) in Fate.allCases.enumerated() {
        for job in [nil, 1] as [Int?] {
          let values: StatementArguments = [100 + index, fate.rawValue, job]
          let insert: @Sendable (Database) throws -> Void = { db in
            try db.execute(sql: "INSERT INTO tick VALUES (1, ?, 'l', ?, 1, ?, NULL, NULL)", arguments: values)
          }
          if fate.hasJob == (job != nil) {
            try await store.pool.write(insert)
          } else {
            await #expect(throws: DatabaseError.self) { try await store.pool.write(insert) }
          }
        }
      }
    }
  }

  @Test("a backup has schedules and their times")
  func backup() async throws {
    try await withScheduledStore { store, file in
      let target = file.directory + "/copy"
      _ = try await store.backup(to: target)
      let copy = try SQLiteJobStore(opening: target + "/millrace.sqlite")
      #expect(try await copy.schedules() == store.schedules())
      for schedule in [ScheduleID(1), ScheduleID(2)] {
        let filter = TickFilter(schedule: schedule)
        #expect(try await copy.ticks(matching: filter) == store.ticks(matching: filter))
      }
      try copy.close()
    }
  }
}

/// Gives `body` a store with two schedules. `nightly` has a success, a failure, and a time that it missed;
/// `other` a job that has not ended.
func withScheduledStore(_ body: (SQLiteJobStore, String) async throws -> Void) async throws {
  try await withStore { store, file in
    var schedules: [Schedule] = []
    for name in ["nightly", "other"] {
      let change = ScheduleChange.add(try Sample.definition(name), file: nil, created: Sample.time(0))
      schedules.append(try #require(try await store.change(change)))
    }
    let claims = [
      Sample.claim(1, of: schedules[0]), Sample.claim(2, of: schedules[0]),
      Sample.claim(3, of: schedules[0], .missedDown), Sample.claim(4, of: schedules[1]),
    ]
    _ = try await store.claim(claims, at: Sample.time(5))
    for (job, state) in [(JobID(1), JobState.succeeded), (JobID(2), .failed)] {
      let attempt = Sample.attempt(job)
      let outcome: Outcome = state == .succeeded ? .succeeded : .error
      try await store.commit([
        .starting(attempt), .running(attempt.id, at: Sample.time(12)),
        .ended(attempt.id, Sample.fullEnd(outcome), next: .done(state)),
      ])
    }
    try await body(store, file)
  }
}
