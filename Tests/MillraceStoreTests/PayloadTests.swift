import FoundationEssentials
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("Inputs and results")
struct PayloadTests {
  @Test("up to 1 MiB they are in the database, beyond that in a file", arguments: [0, 1, 2])
  func sizes(extra: Int) async throws {
    try await withStore { store, file in
      let bytes = (0..<(Payload.largestRow - 1 + extra)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      var job = Sample.plain()
      job.input = bytes
      let id = try await store.submit([Sample.plain(), job], at: Sample.time(0))[1]
      try await finish(id, in: store, result: bytes)
      #expect(try await store.payload(of: id).input == bytes)
      #expect(try await store.result(of: id)?.bytes == bytes)
      #expect(try await store.job(id)?.inputLength == Bytes(Int64(bytes.count)))
      #expect(try blobs(of: file).count == (extra == 2 ? 2 : 0))
    }
  }

  @Test("a reader with the runner down finds a large result")
  func reader() async throws {
    try await withStore { store, file in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      let bytes = [UInt8](repeating: 7, count: 3 << 20)
      try await finish(id, in: store, result: bytes)
      try store.close()
      let history = try SQLiteHistory(opening: file)
      #expect(try await history.result(of: id) == JobResult(mediaType: "image/png", bytes: bytes))
      try history.close()
    }
  }

  @Test("a transaction that fails leaves no file, and a file that no row names goes at the next start")
  func orphans() async throws {
    try await withStore { store, file in
      var job = Sample.plain()
      job.input = [UInt8](repeating: 1, count: 2 << 20)
      let id = try await store.submit([job], at: Sample.time(0))[0]
      var bad = job
      bad.labels = ["": "no key"]
      _ = try await storeError { [job, bad] in _ = try await store.submit([job, bad], at: Sample.time(0)) }
      _ = try await storeError { try await finish(JobID(99), in: store, result: job.input ?? []) }
      let kept = try blobs(of: file)
      #expect(kept.count == 1)
      try Data("left behind".utf8).write(to: URL(filePath: file.directory + "/blobs/0123"))
      try store.close()
      let next = try SQLiteJobStore(opening: file)
      #expect(try blobs(of: file) == kept)
      #expect(try await next.payload(of: id).input == job.input)
      try next.close()
    }
  }

  @Test("a payload file that is gone, cut short or unreadable is said to be damaged")
  func damage() async throws {
    try await withStore { store, file in
      var job = Sample.plain()
      job.input = [UInt8](repeating: 1, count: 2 << 20)
      let id = try await store.submit([job], at: Sample.time(0))[0]
      let blob = "\(file.directory)/blobs/\(try blobs(of: file)[0])"
      try Data("short".utf8).write(to: URL(filePath: blob))
      let short = try await storeError { _ = try await store.payload(of: id) }
      #expect(short.reason == .corrupt && short.detail == "it has 5 bytes, but was written with 2097152")
      try FileManager.default.removeItem(atPath: blob)
      #expect(try await storeError { _ = try await store.payload(of: id) }.reason == .corrupt)
      // It concerns this job only: were it a passing trouble of the disk, every job would wait for it.
      try FileManager.default.createSymbolicLink(atPath: blob, withDestinationPath: blob)
      #expect(try await storeError { _ = try await store.payload(of: id) }.kind == .lasting)
    }
  }

  @Test("text with a zero byte, which SQLite would cut off there, is refused")
  func zeroBytes() async throws {
    try await withStore { store, _ in
      var (inClass, inTrace) = (Sample.plain(jobClass: "a\0b"), Sample.plain())
      inTrace.traceParent = "\0"
      inClass.handler = "a"
      for job in [inClass, inTrace, Sample.plain(labels: ["a\0": ""]), Sample.plain(labels: ["a": "b\0"])] {
        let error = try await storeError { _ = try await store.submit([job], at: Sample.time(0)) }
        #expect(error.reason == .unfit)
      }
      #expect(try await store.unfinished().isEmpty)
    }
  }

  private func finish(_ id: JobID, in store: SQLiteJobStore, result: [UInt8]) async throws {
    let attempt = Sample.attempt(id)
    let end = AttemptEnd(
      outcome: .succeeded, ended: Sample.time(20), result: JobResult(mediaType: "image/png", bytes: result))
    try await store.commit([.starting(attempt), .ended(attempt.id, end, next: .done(.succeeded))])
  }

  private func blobs(of file: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: file.directory + "/blobs").sorted()
  }
}

extension String {
  /// The directory of a path.
  var directory: String { DatabaseFile(path: self).directory }
}
