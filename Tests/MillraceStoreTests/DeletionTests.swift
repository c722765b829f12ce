import FoundationEssentials
import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Deletion of ended jobs")
struct DeletionTests {
  @Test("nothing of a deleted job is left in any table, and no file of its payloads")
  func everything() async throws {
    try await withStore { store, file in
      var asked = Sample.full()
      asked.input = [UInt8](repeating: 1, count: 2 << 20)
      asked.key = JobKey("once")
      let first = try await store.submit([asked], at: Sample.time(0))[0]
      asked.key = nil
      asked.after = [Dependency(.job(first), .any)]
      let second = try await store.submit([asked], at: Sample.time(0))[0]
      try await finish(first, in: store)
      try await store.commit([.cancelled(second, at: Sample.time(30))])
      #expect(try blobs(of: file).count == 3)
      let late = Sample.time(1_000_000)
      let deletion = try await store.delete(EndedJobs(), atMost: 10, at: late)
      #expect(deletion.jobs == [first, second])
      #expect(deletion.tally == JobTally(jobs: 2, attempts: 1, bytes: Bytes(7 << 20)))
      #expect(try blobs(of: file).isEmpty)
      let counts = try await store.pool.read { db in
        try ["job", "label", "input", "attempt", "result", "dependency", "job_key", "checkpoint"].map {
          try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)") ?? -1
        }
      }
      #expect(counts == [0, 0, 0, 0, 0, 0, 0, 0])
    }
  }

  @Test("a workflow goes with the last of its jobs")
  func workflows() async throws {
    try await withStore { store, _ in
      let jobs = try await store.submit([Sample.plain(), Sample.plain()], at: Sample.time(0))
      try await store.pool.write { db in
        try db.execute(
          sql: """
            INSERT INTO workflow (id, name, submitted, definition) VALUES (7, 'nightly', 0, '{}');
            UPDATE job SET workflow = 7
            """)
      }
      for (index, left) in [1, 0].enumerated() {
        try await store.commit([.cancelled(jobs[index], at: Sample.time(1))])
        _ = try await store.delete(EndedJobs(), atMost: 10, at: Sample.time(2))
        let count = try await store.pool.read { db in
          try Int.fetchOne(db, sql: "SELECT count(*) FROM workflow")
        }
        #expect(count == left)
      }
    }
  }

  @Test("a file that a crash left between the commit and its removal goes at the next start")
  func crash() async throws {
    try await withStore { store, file in
      var asked = Sample.plain()
      asked.input = [UInt8](repeating: 1, count: 2 << 20)
      let id = try await store.submit([asked], at: Sample.time(0))[0]
      try await store.commit([.cancelled(id, at: Sample.time(1))])
      let blob = "\(file.directory)/blobs/\(try blobs(of: file)[0])"
      let bytes = try Data(contentsOf: URL(filePath: blob))
      _ = try await store.delete(EndedJobs(), atMost: 10, at: Sample.time(2))
      // As if the runner had died before it removed the file.
      try bytes.write(to: URL(filePath: blob))
      try store.close()
      let next = try SQLiteJobStore(opening: file)
      #expect(try blobs(of: file).isEmpty)
      #expect(try await next.job(id) == nil)
      try next.close()
    }
  }

  private func finish(_ id: JobID, in store: SQLiteJobStore) async throws {
    let attempt = Sample.attempt(id)
    var end = Sample.fullEnd(.succeeded)
    end.result = JobResult(mediaType: "image/png", bytes: [UInt8](repeating: 2, count: 3 << 20))
    try await store.commit([.starting(attempt), .ended(attempt.id, end, next: .done(.succeeded))])
  }

  private func blobs(of file: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: file.directory + "/blobs").sorted()
  }
}
