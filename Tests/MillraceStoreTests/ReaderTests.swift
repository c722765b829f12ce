import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Reading without the runner")
struct ReaderTests {
  @Test("a reader beside a live runner sees each commit at once, and does not stand in its way")
  func live() async throws {
    try await withStore { store, file in
      let first = try await store.submit([Sample.full()], at: Sample.time(0))
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.jobs(matching: JobFilter()).map(\.id) == first)
      let second = try await store.submit([Sample.plain()], at: Sample.time(0))
      #expect(try await history.jobs(matching: JobFilter()).map(\.id) == second + first)
      #expect(try await history.job(first[0]) == store.job(first[0]))
      try history.close()
    }
  }

  @Test("a runner that closed leaves one file, and a reader reads it")
  func down() async throws {
    try await withClosedStore(jobs: 3) { file in
      #expect(!FileManager.default.fileExists(atPath: file + "-wal"))
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.jobs(matching: JobFilter()).count == 3)
      try history.close()
      let store = try SQLiteJobStore(opening: file)
      #expect(try await store.unfinished().count == 3)
      try store.close()
    }
  }

  @Test("a reader writes nothing, whatever it is asked")
  func readOnly() async throws {
    try await withClosedStore(jobs: 3) { file in
      let before = try contents(of: file)
      let history = try SQLiteHistory(opening: file)
      _ = try await history.history(matching: HistoryFilter())
      _ = try await history.summaries(matching: HistoryFilter())
      _ = try await history.plugins()
      try history.close()
      #expect(try contents(of: file) == before)
    }
  }

  @Test("a file that is not there is named, and is not made")
  func missing() async throws {
    try await withDirectory { directory in
      let file = directory + "/millrace.sqlite"
      let error = try await storeError { _ = try SQLiteHistory(opening: file) }
      #expect(error.reason == .missing)
      #expect(
        error.description.hasPrefix("cannot open the database in `\(file)`: there is no such file\n\nhint: "))
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }
  }

  @Test("a directory that can't be written is no hindrance after a clean stop, nor its odd name")
  func readOnlyDirectory() async throws {
    try await withReadOnlyCopy(of: [""], named: "50%?#ü.sqlite") { file in
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.jobs(matching: JobFilter()).count == 4)
      try history.close()
      #expect(try await storeError { _ = try SQLiteJobStore(opening: file) }.reason == .readOnly)
    }
  }

  @Test("the log of a runner that died is read even where nothing can be written")
  func readOnlyWithLog() async throws {
    try await withReadOnlyCopy(of: ["", "-wal", "-shm"], named: "millrace.sqlite") { file in
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.jobs(matching: JobFilter()).count == 5)
      try history.close()
    }
  }

  @Test("if that log can't be read, the reader says so instead of showing less")
  func readOnlyWithoutIndex() async throws {
    try await withReadOnlyCopy(of: ["", "-wal"], named: "millrace.sqlite") { file in
      let error = try await storeError { _ = try SQLiteHistory(opening: file) }
      #expect(error.reason == .readOnly)
      #expect(error.detail.contains("left commits"))
    }
  }

  /// Gives `body` a read-only directory with these files of a database: four jobs in it, one in the log.
  private func withReadOnlyCopy(
    of suffixes: [String], named name: String, _ body: (String) async throws -> Void
  ) async throws {
    try await withClosedStore(jobs: 4) { file in
      let store = try SQLiteJobStore(opening: file)
      if suffixes.count > 1 {
        _ = try await store.submit([Sample.plain()], at: Sample.time(0))
      } else {
        try store.close()
      }
      try await withDirectory { directory in
        let copy = "\(directory)/\(name)"
        try FileManager.default.createDirectory(
          atPath: directory + "/blobs", withIntermediateDirectories: false)
        let isRoot = geteuid() == 0
        if isRoot { try #require(mount("tmpfs", directory, "tmpfs", 0, "size=8m") == 0) }
        defer {
          if isRoot { umount2(directory, Int32(MNT_DETACH)) } else { chmod(directory, 0o700) }
        }
        if isRoot {
          try FileManager.default.createDirectory(
            atPath: directory + "/blobs", withIntermediateDirectories: false)
        }
        for suffix in suffixes { try contents(of: file + suffix).write(to: URL(filePath: copy + suffix)) }
        // Root may write everywhere but on a read-only file system.
        let isDone =
          isRoot
          ? mount(nil, directory, nil, UInt(MS_REMOUNT | MS_RDONLY), nil)
          : chmod(directory, 0o500)
        try #require(isDone == 0)
        try await body(copy)
      }
      if suffixes.count > 1 { try store.close() }
    }
  }
}
