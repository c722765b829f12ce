import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Backups")
struct BackupTests {
  @Test("a copy made while jobs flow is a whole record: each job in it is as it was at one moment")
  func online() async throws {
    try await withStore { store, file in
      let target = file.directory + "/copy"
      var workload = Workload(seed: 4)
      try await workload.run(jobs: 40, on: [store])
      let before = try await contents(of: store)
      // A batch is all there or not at all, however the copy falls between them.
      let flow = Task {
        var batches = 0
        while !Task.isCancelled {
          _ = try await store.submit(
            [Sample.plain(handler: "flow"), Sample.plain(handler: "flow")], at: Sample.time(9))
          batches += 1
        }
        return batches
      }
      let report = try await store.backup(to: target)
      flow.cancel()
      #expect(try await flow.value > 0)
      let copy = try SQLiteJobStore(opening: target + "/millrace.sqlite")
      let flowed = try await copy.unfinished().filter { $0.job.submission.handler == "flow" }
      #expect(flowed.count.isMultiple(of: 2))
      #expect(try await contents(of: copy) == before)
      #expect(report.directory == target && report.database > .zero)
      try copy.close()
    }
  }

  @Test("payload files are in it, and what is deleted meanwhile goes from the record afterwards")
  func payloads() async throws {
    try await withStore { store, file in
      let target = file.directory + "/copy"
      var asked = Sample.plain()
      asked.input = [UInt8](repeating: 5, count: 2 << 20)
      let jobs = try await store.submit([asked, asked], at: Sample.time(0))
      try await store.commit([.cancelled(jobs[0], at: Sample.time(1))])
      try await store.blobs.keepingAll {
        _ = try await store.delete(EndedJobs(), atMost: 9, at: Sample.time(2))
        #expect(try store.blobs.names().count == 2)
        let report = try await store.backup(to: target)
        #expect(report.files == 1 && report.payloads == .mebibytes(2))
      }
      #expect(try store.blobs.names().count == 1)
      let copy = try SQLiteJobStore(opening: target + "/millrace.sqlite")
      #expect(try await copy.payload(of: jobs[1]).input == asked.input)
      #expect(try await copy.job(jobs[0]) == nil)
      try copy.close()
      for path in ["", "/blobs", "/millrace.sqlite", "/blobs/" + (try store.blobs.names()[0])] {
        let expected: UInt32 = path.isEmpty ? 0o711 : path == "/blobs" ? 0o700 : 0o600
        #expect(FileMode.of(target + path).map { $0 & 0o777 } == expected)
      }
    }
  }

  @Test("it refuses a name that is taken, and leaves nothing behind when it fails")
  func failures() async throws {
    try await withStore { store, file in
      let taken = file.directory + "/taken"
      try Data("mine".utf8).write(to: URL(filePath: taken))
      let refused = try await storeError { _ = try await store.backup(to: taken) }
      #expect(refused.reason == .unfit)
      #expect(try Data(contentsOf: URL(filePath: taken)) == Data("mine".utf8))
      let missing = try await storeError { _ = try await store.backup(to: file.directory + "/no/copy") }
      #expect(missing.reason == .missing)
      var asked = Sample.plain()
      asked.input = [UInt8](repeating: 5, count: 2 << 20)
      _ = try await store.submit([asked], at: Sample.time(0))
      // A payload file that is gone: the copy can't be whole.
      unlink("\(store.blobs.path)/\(try store.blobs.names()[0])")
      _ = try await storeError { _ = try await store.backup(to: file.directory + "/copy") }
      let names = try FileManager.default.contentsOfDirectory(atPath: file.directory)
      #expect(!names.contains { $0.hasPrefix("copy") })
    }
  }

  /// All jobs and attempts that are not part of the flow.
  private func contents(of store: SQLiteJobStore) async throws -> Contents {
    var filter = JobFilter()
    filter.limit = 10_000
    var history = HistoryFilter()
    history.limit = 10_000
    return Contents(
      jobs: try await store.jobs(matching: filter).filter { $0.submission.handler != "flow" },
      attempts: try await store.history(matching: history))
  }

  private struct Contents: Equatable {
    var jobs: [Job]
    var attempts: [HistoryRow]
  }
}
