import FoundationEssentials
import GRDB
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("The schema")
struct SchemaTests {
  @Test("a commit is on the disk when it returns: WAL, synchronous = FULL, foreign keys")
  func pragmas() async throws {
    try await withStore { store, file in
      for _ in 0..<2 {
        let settings = try await store.pool.writeWithoutTransaction { db in
          try ["journal_mode", "synchronous", "foreign_keys"].map {
            try String.fetchOne(db, sql: "PRAGMA \($0)")
          }
        }
        #expect(settings == ["wal", "2", "1"])
        _ = try await store.submit([Sample.plain()], at: Sample.time(0))
      }
      #expect(try mode(of: file) == 0o600)
      #expect(try mode(of: file + "-wal") == 0o600)
      #expect(try mode(of: file + "-shm") == 0o600)
    }
  }

  @Test("opening again migrates nothing and loses nothing")
  func idempotent() async throws {
    try await withStore { store, file in
      let id = try await store.submit([Sample.full()], at: Sample.time(0))[0]
      let job = try await store.job(id)
      try store.close()
      for _ in 0..<3 {
        let again = try SQLiteJobStore(opening: file)
        #expect(try await again.job(id) == job)
        try again.close()
      }
      let last = try SQLiteJobStore(opening: file)
      #expect(try await last.submit([Sample.plain()], at: Sample.time(0)) == [JobID(id.rawValue + 1)])
      try last.close()
    }
  }

  @Test("a number is never given twice, even if its job is deleted")
  func numbers() async throws {
    try await withStore { store, file in
      let ids = try await store.submit([Sample.plain(), Sample.plain()], at: Sample.time(0))
      try await execute("DELETE FROM job", in: file)
      let next = try await store.submit([Sample.plain()], at: Sample.time(0))
      #expect(next == [JobID(ids[1].rawValue + 1)])
    }
  }

  @Test(
    "a row that says what can't be is refused",
    arguments: [
      "UPDATE job SET state = 'sleeping'", "UPDATE job SET state = 'queued'", "UPDATE job SET ended = NULL",
      "UPDATE job SET not_before = 1", "UPDATE job SET state = 'scheduled'",
      "UPDATE job SET state = 'running'",
      "UPDATE job SET priority = 0", "UPDATE job SET priority = 11", "UPDATE job SET priority = 'high'",
      "UPDATE job SET parameters = '{'", "UPDATE job SET parameters = '[]'",
      "UPDATE job SET limit_memory = -1",
      "UPDATE job SET wish_io = 'x'", "UPDATE job SET input_size = -1", "UPDATE job SET handler = ''",
      "UPDATE job SET attempts_used = 2", "UPDATE job SET max_attempts = 0",
      "UPDATE job SET submitted = NULL",
      "INSERT INTO label VALUES (1, '', 'x')", "INSERT INTO label VALUES (99, 'a', 'x')",
      "UPDATE input SET size = 1", "UPDATE input SET bytes = NULL", "UPDATE input SET file = 'both'",
      "UPDATE attempt SET outcome = 'fine'", "UPDATE attempt SET outcome = NULL",
      "UPDATE attempt SET ended = NULL",
      "UPDATE attempt SET exit_signal = 9", "UPDATE attempt SET exit_code = 256",
      "UPDATE attempt SET number = 0",
      "UPDATE attempt SET exit_code = NULL, exit_signal = 0", "UPDATE attempt SET memory_peak = -1",
      "UPDATE attempt SET failure_code = NULL", "UPDATE attempt SET failure_retryable = 2",
      "UPDATE attempt SET plugin_sha256 = 'abc'", "UPDATE attempt SET job = 99",
      "UPDATE attempt SET frozen_time = -1", "UPDATE attempt SET frozen_time = NULL",
      "UPDATE attempt SET frozen_since = 1", "UPDATE attempt SET time_to_peak = -1",
      "UPDATE attempt SET admission = '{'",
      "UPDATE attempt SET admission_running = -1", "INSERT INTO result VALUES (1, 2, 'a/b', 1, x'00', NULL)",
      "INSERT INTO result VALUES (99, 1, 'a/b', 1, x'00', NULL)", "UPDATE result SET size = 0",
      "INSERT INTO handler VALUES ('none', 0, 'a', 'b', NULL, '{}', NULL)", "UPDATE handler SET wishes = '-'",
      "UPDATE plugin SET sha256 = 'short'", "UPDATE job SET held = 2", "UPDATE job SET retry = '{'",
      "UPDATE job SET end_code = 'x', end_message = NULL", "UPDATE job SET on_dependency_failure = 'wait'",
      "UPDATE job SET step = ''", "UPDATE job SET workflow = 9", "INSERT INTO memo VALUES ('mood', 'a', '1')",
      "INSERT INTO dependency VALUES (1, 0, 1, 'ok', NULL)",
      "INSERT INTO dependency VALUES (1, 0, 2, 'no', NULL)",
      "INSERT INTO dependency VALUES (99, 0, 1, 'ok', NULL)", "INSERT INTO job_key VALUES ('', '', 1, NULL)",
    ])
  func checks(sql: String) async throws {
    try await withFullStore { file, _ in
      let error = await #expect(throws: DatabaseError.self) { try await execute(sql, in: file) }
      #expect(error?.resultCode == .SQLITE_CONSTRAINT)
    }
  }

  @Test("with a job go its labels, its input, its attempts and their results")
  func cascade() async throws {
    try await withFullStore { file, _ in
      try await execute("DELETE FROM job", in: file)
      try await execute("DELETE FROM plugin", in: file)
      let queue = try DatabaseQueue(path: file)
      for table in ["label", "input", "attempt", "result", "handler"] {
        let count = try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
        #expect(count == 0, "\(table)")
      }
      try queue.close()
    }
  }

  @Test("the view `history` shows a job in words that people read")
  func view() async throws {
    try await withFullStore { file, store in
      _ = try await store.submit([Sample.plain()], at: Sample.time(5))
      let queue = try DatabaseQueue(path: file)
      let rows = try await queue.read { db in
        try Row.fetchAll(db, sql: "SELECT * FROM history ORDER BY job").map { row in
          row.reduce(into: [String: String]()) {
            $0[$1.0] = $1.1.isNull ? "NULL" : "\($1.1.storage.value ?? "")"
          }
        }
      }
      try queue.close()
      let expected = [
        "job": "1", "attempt": "1", "handler": "resize", "plugin": "tools", "version": "1.0",
        "state": "succeeded",
        "outcome": "succeeded", "exit_code": "7", "signal": "NULL", "submitted": "2026-01-01T00:00:00.000Z",
        "queued": "2026-01-01T00:00:10.000Z", "admitted": "2026-01-01T00:00:11.000Z",
        "started": "2026-01-01T00:00:12.000Z", "ended": "2026-01-01T00:00:20.000Z", "wait_s": "1.0",
        "run_s": "8.0", "memory_peak_bytes": "1", "memory_limit_bytes": "1", "cpu_user_s": "2e-06",
        "cpu_limit": "0.002", "priority": "10", "class": "large", "failure_code": "bad-picture",
        "frozen_s": "3.0", "time_to_peak_s": "1e-05", "memory_estimate_bytes": "5",
      ]
      for (name, value) in expected { #expect(rows[0][name] == value, "\(name)") }
      #expect(rows[0]["labels"]?.contains("\"team\":\"röd\"") == true)
      #expect(rows[1]["attempt"] == "NULL" && rows[1]["ended"] == "NULL" && rows[1]["labels"] == "{}")
      #expect(rows[1]["memory_limit_bytes"] == "67108864")
      #expect(Set(rows[0].keys) == Set(HistoryView.columns))
    }
  }

  @Test("the page about the view names every column, and no other")
  func page() throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let page = try String(contentsOfFile: "/\(root)/docs/history-view.md", encoding: .utf8)
    let named = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
      .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
    #expect(named == HistoryView.columns)
  }

  /// Gives `body` a store with one finished job that has everything, and one plugin.
  private func withFullStore(_ body: (String, SQLiteJobStore) async throws -> Void) async throws {
    try await withStore { store, file in
      let id = try await store.submit([Sample.full()], at: Sample.time(0))[0]
      let attempt = Sample.attempt(id, handler: "resize")
      try await store.commit([
        .starting(attempt), .running(attempt.id, at: Sample.time(12)),
        .frozen(attempt.id, at: Sample.time(13)),
        .thawed(attempt.id, at: Sample.time(16)),
        .ended(attempt.id, Sample.fullEnd(.succeeded), next: .done(.succeeded)),
      ])
      try await store.note(
        [Sample.plugin("tools", handlers: [Handler(name: "resize", summary: "")])], at: Sample.time(0))
      try await body(file, store)
    }
  }

  private func execute(_ sql: String, in file: String) async throws {
    let queue = try DatabaseQueue(path: file)
    try await queue.write { db in try db.execute(sql: sql) }
    try queue.close()
  }

  private func mode(of file: String) throws -> UInt32 {
    var status = stat()
    try #require(stat(file, &status) == 0)
    return status.st_mode & 0o777
  }
}
