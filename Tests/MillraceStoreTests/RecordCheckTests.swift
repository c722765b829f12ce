import FoundationEssentials
import GRDB
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("The check of the whole record")
struct RecordCheckTests {
  @Test("a sound record has no damage, while a runner has it open too")
  func sound() async throws {
    try await withStore { store, file in
      _ = try await store.submit([large, Sample.full()], at: Sample.time(0))
      let check = try await self.check(file)
      #expect(check.damages.isEmpty && check.files == 1 && check.orphans == 0 && !check.isCutShort)
      #expect(check.size > .zero)
    }
  }

  @Test("a payload file that is gone is damage, one that no row names is left for the next start")
  func files() async throws {
    try await withStore { store, file in
      _ = try await store.submit([large], at: Sample.time(0))
      let name = try store.blobs.names()[0]
      let orphan = "\(store.blobs.path)/0123"
      try Data("left behind".utf8).write(to: URL(filePath: orphan))
      // Just now it may belong to a transaction that is under way.
      #expect(try await self.check(file).orphans == 0)
      var times = [timespec(tv_sec: 0, tv_nsec: 0), timespec(tv_sec: 0, tv_nsec: 0)]
      #expect(utimensat(AT_FDCWD, orphan, &times, 0) == 0)
      #expect(try await self.check(file).orphans == 1)
      unlink("\(store.blobs.path)/\(name)")
      let check = try await self.check(file)
      #expect(check.damages == ["the payload file `\(store.blobs.path)/\(name)` is gone"])
    }
  }

  @Test("a row that belongs to nothing, and an index that does not fit its table, are found")
  func rows() async throws {
    try await withStore { store, file in
      _ = try await store.submit([Sample.full()], at: Sample.time(0))
      try store.close()
      let queue = try DatabaseQueue(path: file)
      try await queue.writeWithoutTransaction { db in
        try db.execute(
          sql: """
            PRAGMA foreign_keys = OFF;
            INSERT INTO label (job, key, value) VALUES (99, 'a', 'b');
            PRAGMA writable_schema = ON;
            UPDATE sqlite_schema SET sql = 'CREATE INDEX job_handler ON job (class)'
              WHERE name = 'job_handler'
            """)
      }
      try queue.close()
      let damages = try await self.check(file).damages
      #expect(damages.contains("a row of `label` belongs to none of `job`"), "\(damages)")
      #expect(damages.contains { $0.contains("job_handler") }, "\(damages)")
    }
  }

  @Test("nominal times whose jobs are pruned are no damage, a fate without its job and a wrong count are")
  func ticks() async throws {
    try await withScheduledStore { store, file in
      #expect(try await self.check(file).damages.isEmpty)
      #expect(try await store.delete(EndedJobs(), atMost: 9, at: Sample.time(99)).jobs.count == 2)
      #expect(try await self.check(file).damages.isEmpty)
      let tampering = [
        (
          "PRAGMA ignore_check_constraints = ON; UPDATE tick SET job = NULL WHERE schedule = 2",
          "`second 4` of schedule `other` is `ran`, but names no job"
        ),
        (
          "UPDATE tick SET job_state = 'failed' WHERE job = 3",
          "`second 4` of schedule `other` does not tell how its job ended"
        ),
        (
          "UPDATE tick_tally SET ticks = ticks + 1 WHERE schedule = 1 AND fate = 'missed-down'",
          "the nominal times of schedule `nightly` are counted wrong"
        ),
        (
          "DELETE FROM tick_tally WHERE schedule = 2",
          "the nominal times of schedule `other` are counted wrong"
        ),
        (
          #"UPDATE schedule SET definition = '{"name": "nightly", "every": "1h"}' WHERE id = 1"#,
          "the definition of schedule `nightly` can't be read: `job` is missing"
        ),
      ]
      for (sql, damage) in tampering {
        try await store.pool.writeWithoutTransaction { db in
          try db.execute(sql: sql)
          try db.execute(sql: "PRAGMA ignore_check_constraints = OFF")
        }
        let damages = try await self.check(file).damages
        #expect(damages.contains(damage), "\(sql): \(damages)")
        // Each is mended before the next one.
        try await store.pool.write { db in
          try db.execute(
            sql: """
              UPDATE tick SET job = 3, job_state = NULL WHERE schedule = 2;
              DELETE FROM tick_tally;
              INSERT INTO tick_tally
                SELECT schedule, fate, ifnull(job_state, ''), count(*) FROM tick GROUP BY 1, 2, 3
              """)
        }
      }
    }
  }

  @Test("events that belong to nothing, that wait for ever and that can't be read are damage, others are not")
  func events() async throws {
    try await withEvents { store, file in
      #expect(try await self.check(file).damages.isEmpty)
      #expect(try await store.delete(OldEvents(before: Sample.time(99)), atMost: 9).count == 1)
      #expect(try await self.check(file).damages.isEmpty)
      let tampering = [
        (
          "INSERT INTO event_effect VALUES (2, 1, 77)", "a row of `event_effect` belongs to none of `tick`",
          "DELETE FROM event_effect WHERE nominal = 77"
        ),
        (
          "INSERT INTO event_effect VALUES (77, 1, NULL)",
          "a row of `event_effect` belongs to none of `event`", "DELETE FROM event_effect WHERE event = 77"
        ),
        (
          "UPDATE schedule SET removed = 9 WHERE id = 2",
          "event 2 is gathered by schedule `together`, which is removed", "UPDATE schedule SET removed = NULL"
        ),
        (
          "UPDATE event SET content = '[]' WHERE number = 3", "event 3 can't be read",
          "UPDATE event SET content = '{}'"
        ),
        (
          "UPDATE event SET content = '{' WHERE number = 3", "event 3 can't be read",
          "UPDATE event SET content = '{}'"
        ),
      ]
      for (sql, damage, mending) in tampering {
        for sql in [sql, mending] {
          try await store.pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF")
            try db.execute(sql: sql)
            try db.execute(sql: "PRAGMA ignore_check_constraints = OFF; PRAGMA foreign_keys = ON")
          }
          let damages = try await self.check(file).damages
          #expect(damages.contains(damage) == (sql != mending), "\(sql): \(damages)")
        }
      }
    }
  }

  @Test("it ends when its time is up, and says so")
  func time() async throws {
    try await withStore { store, file in
      var asked = Sample.full()
      asked.input = [UInt8](repeating: 3, count: 1000)
      let batch = [Submission](repeating: asked, count: 1000)
      for _ in 0..<10 { _ = try await store.submit(batch, at: Sample.time(0)) }
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.check(within: .zero).isCutShort)
      #expect(try await !history.check(within: .seconds(600)).isCutShort)
      try history.close()
    }
  }

  private var large: Submission {
    var asked = Sample.plain()
    asked.input = [UInt8](repeating: 1, count: 2 << 20)
    return asked
  }

  private func check(_ file: String) async throws -> RecordCheck {
    let history = try SQLiteHistory(opening: file)
    let check = try await history.check(within: .seconds(60))
    try history.close()
    return check
  }
}
