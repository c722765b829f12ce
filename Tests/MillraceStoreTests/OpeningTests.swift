import FoundationEssentials
import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Opening a database")
struct OpeningTests {
  @Test("a damaged page, a cut-off half and an emptied file are found, and nothing is overwritten")
  func damage() async throws {
    try await withClosedStore(jobs: 500) { file in
      let sound = try contents(of: file)
      var scratched = sound
      scratched.replaceSubrange(8192..<20480, with: Data(repeating: 0x5a, count: 12288))
      for bytes in [scratched, sound.prefix(sound.count / 2), Data()] {
        try bytes.write(to: URL(filePath: file))
        let error = try await storeError { _ = try SQLiteJobStore(opening: file) }
        #expect(error.reason == .corrupt, "\(error)")
        #expect(try contents(of: file) == bytes)
      }
      try sound.write(to: URL(filePath: file))
      let store = try SQLiteJobStore(opening: file)
      #expect(try await store.unfinished().count == 500)
      try store.close()
    }
  }

  @Test("a reader that comes upon a damaged page says so")
  func damagedWhileReading() async throws {
    try await withClosedStore(jobs: 500) { file in
      var bytes = try contents(of: file)
      // The second half has rows only; the schema, which is read when the file is opened, is in the first.
      let half = bytes.count / 2
      bytes.replaceSubrange(half..., with: Data(repeating: 0x5a, count: bytes.count - half))
      try bytes.write(to: URL(filePath: file))
      let history = try SQLiteHistory(opening: file)
      var filter = JobFilter()
      filter.limit = 10_000
      let error = try await storeError { [filter] in _ = try await history.jobs(matching: filter) }
      #expect(error.reason == .corrupt, "\(error)")
      try history.close()
    }
  }

  @Test("a file that is no database, or another program's, is refused and left as it is")
  func foreign() async throws {
    try await withDirectory { directory in
      let text = directory + "/text"
      let notes = Data(String(repeating: "these are my notes\n", count: 400).utf8)
      try notes.write(to: URL(filePath: text))
      let other = directory + "/other"
      let queue = try DatabaseQueue(path: other)
      try await queue.write { db in try db.execute(sql: "CREATE TABLE contact (name TEXT)") }
      try queue.close()
      for file in [text, other] {
        let before = try contents(of: file)
        #expect(try await storeError { _ = try SQLiteJobStore(opening: file) }.reason == .notOurs)
        #expect(try await storeError { _ = try SQLiteHistory(opening: file) }.reason == .notOurs)
        #expect(try contents(of: file) == before)
      }
    }
  }

  @Test("a newer schema is refused by the store and by the reader, and left as it is")
  func newer() async throws {
    try await withClosedStore(jobs: 1) { file in
      let queue = try DatabaseQueue(path: file)
      try await queue.write { db in try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('v99')") }
      try await queue.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
      try queue.close()
      let before = try contents(of: file)
      for attempt in [{ _ = try SQLiteJobStore(opening: file) }, { _ = try SQLiteHistory(opening: file) }] {
        let error = try await storeError { try attempt() }
        #expect(error.reason == .newerSchema)
        #expect(error.detail.contains("`v99`"))
      }
      #expect(try contents(of: file) == before)
    }
  }

  @Test("a second writer is refused while there is one, and let in after that")
  func secondWriter() async throws {
    try await withStore { store, file in
      #expect(try await storeError { _ = try SQLiteJobStore(opening: file) }.reason == .locked)
      try store.close()
      let next = try SQLiteJobStore(opening: file)
      try next.close()
    }
  }

  @Test("another program's open transaction makes a commit fail whole, and the next one works")
  func busy() async throws {
    try await withClosedStore(jobs: 0) { file in
      let store = try SQLiteJobStore(opening: DatabaseFile(path: file, patience: 0.05))
      var configuration = Configuration()
      configuration.allowsUnsafeTransactions = true
      let queue = try DatabaseQueue(path: file, configuration: configuration)
      try await queue.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
      let error = try await storeError { _ = try await store.submit([Sample.plain()], at: Sample.time(0)) }
      #expect(error.reason == .locked)
      try await queue.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
      try queue.close()
      #expect(try await store.submit([Sample.plain()], at: Sample.time(0)) == [JobID(1)])
      try store.close()
    }
  }

  @Test("a database that is gone while its payloads or its log are still there is not made anew")
  func halfGone() async throws {
    try await withClosedStore(jobs: 0) { file in
      let store = try SQLiteJobStore(opening: file)
      var job = Sample.plain()
      job.input = [UInt8](repeating: 1, count: Payload.largestRow + 1)
      _ = try await store.submit([job], at: Sample.time(0))
      try store.close()
      try FileManager.default.removeItem(atPath: file)
      #expect(try await storeError { _ = try SQLiteJobStore(opening: file) }.reason == .corrupt)
      #expect(!FileManager.default.fileExists(atPath: file))
    }
  }

  @Test("a first start that was interrupted is begun again")
  func interruptedStart() async throws {
    try await withDirectory { directory in
      let file = directory + "/millrace.sqlite"
      try Data("half a page".utf8).write(to: URL(filePath: file + ".new"))
      let store = try SQLiteJobStore(opening: file)
      try store.close()
      let names = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(names.sorted() == ["blobs", "millrace.sqlite"])
    }
  }

  @Test("a directory that is not there is named")
  func noDirectory() async throws {
    let error = try await storeError { _ = try SQLiteJobStore(opening: "/tmp/millrace-no-such/m.sqlite") }
    #expect(error.reason == .missing)
    #expect(error.description.contains("`/tmp/millrace-no-such/blobs`: No such file or directory"))
    #expect(error.description.contains("\n\nhint: "))
  }
}

/// Gives `body` the path of a database with so many jobs, which nobody has open.
func withClosedStore(jobs count: Int, _ body: (String) async throws -> Void) async throws {
  try await withDirectory { directory in
    let file = directory + "/millrace.sqlite"
    let store = try SQLiteJobStore(opening: file)
    _ = try await store.submit((0..<count).map { _ in Sample.full() }, at: Sample.time(0))
    try store.close()
    try await body(file)
  }
}

/// Returns the bytes of a file.
func contents(of file: String) throws -> Data { try Data(contentsOf: URL(filePath: file)) }
