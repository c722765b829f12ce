import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("A full disk", .enabled(if: geteuid() == 0, "only root may mount a small file system to fill"))
struct DiskFullTests {
  @Test("a batch that does not fit is taken back whole, and the next one works when there is room again")
  func database() async throws {
    try await withSmallDisk { directory in
      let store = try SQLiteJobStore(opening: directory + "/millrace.sqlite")
      let ballast = directory + "/ballast"
      try Data(repeating: 0, count: 1 << 20).write(to: URL(filePath: ballast))
      var accepted: [JobID] = []
      var job = Sample.full()
      job.input = [UInt8](repeating: 3, count: 50_000)
      let error = try await storeError {
        while true { accepted += try await store.submit([job, job, job], at: Sample.time(0)) }
      }
      #expect(error.reason == .diskFull, "\(error)")
      #expect(error.description.contains("hint: free some space"))
      #expect(try await store.unfinished().map(\.job.id) == accepted)
      try FileManager.default.removeItem(atPath: ballast)
      accepted += try await store.submit([job, job, job], at: Sample.time(0))
      #expect(try await store.unfinished().map(\.job.id) == accepted)
      #expect(try await store.payload(of: accepted[accepted.count - 1]).input == job.input)
      try store.close()
      let again = try SQLiteJobStore(opening: directory + "/millrace.sqlite")
      #expect(try await again.unfinished().map(\.job.id) == accepted)
      try again.close()
    }
  }

  @Test("a payload file that does not fit is taken back, and its job with it")
  func payload() async throws {
    try await withSmallDisk { directory in
      let store = try SQLiteJobStore(opening: directory + "/millrace.sqlite")
      var job = Sample.plain()
      job.input = [UInt8](repeating: 3, count: 2 << 20)
      let fits = try await store.submit([job], at: Sample.time(0))
      job.input = [UInt8](repeating: 3, count: 4 << 20)
      let error = try await storeError { [job] in
        _ = try await store.submit([Sample.plain(), job], at: Sample.time(0))
      }
      #expect(error.reason == .diskFull)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/blobs").count == 1)
      #expect(try await store.unfinished().map(\.job.id) == fits)
      _ = try await store.submit([Sample.plain()], at: Sample.time(0))
      try store.close()
    }
  }

  @Test("a database that can't be made leaves nothing behind")
  func creation() async throws {
    try await withSmallDisk { directory in
      let file = directory + "/millrace.sqlite"
      let ballast = open(directory + "/ballast", O_WRONLY | O_CREAT, 0o600)
      let page = [UInt8](repeating: 0, count: 4096)
      while write(ballast, page, page.count) > 0 {}
      close(ballast)
      let error = try await storeError { _ = try SQLiteJobStore(opening: file) }
      #expect(error.reason == .diskFull, "\(error)")
      let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
      #expect(names.filter { $0.hasPrefix("millrace") } == [])
    }
  }

  /// Gives `body` a file system of 5 MiB.
  private func withSmallDisk(_ body: (String) async throws -> Void) async throws {
    try await withDirectory { directory in
      try #require(
        mount("tmpfs", directory, "tmpfs", 0, "size=5m") == 0, "mount: \(String(cString: strerror(errno)))")
      defer { umount2(directory, Int32(MNT_DETACH)) }
      try await body(directory)
    }
  }
}
