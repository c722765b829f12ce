import CMillraceLinux
import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

@Suite("Files beside the record")
struct StateFilesTests {
  private let directory: TemporaryDirectory
  private let files: StateFiles

  init() throws {
    directory = try TemporaryDirectory()
    for name in ["logs", "builds"] { mkdir("\(directory.path)/\(name)", 0o700) }
    files = StateFiles(logs: directory.path + "/logs", builds: directory.path + "/builds")
  }

  private func write(_ name: String, bytes: Int, at seconds: Int) throws {
    let path = "\(directory.path)/\(name)"
    mkdir(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), 0o700)
    try Data(repeating: 0x61, count: bytes).write(to: URL(filePath: path))
    var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    try #require(utimensat(AT_FDCWD, path, &times, 0) == 0)
  }

  @Test("logs are told by job with their pages and the last write, and are removed by job")
  func logs() async throws {
    try write("logs/7/1.log", bytes: 1, at: 100)
    try write("logs/7/2.log", bytes: 5000, at: 300)
    try write("logs/8/1.log", bytes: 0, at: 200)
    try write("logs/notes.txt", bytes: 9, at: 1)
    let logs = try await files.logs().sorted { $0.job < $1.job }
    #expect(
      logs == [
        JobLogs(
          job: JobID(7), files: 2, bytes: Bytes(3 * 4096), lastWrite: Timestamp(microseconds: 300_000_000)),
        JobLogs(job: JobID(8), files: 1, bytes: .zero, lastWrite: Timestamp(microseconds: 200_000_000)),
      ])
    try await files.removeLogs(of: [JobID(7), JobID(99)])
    #expect(try await files.logs().map(\.job) == [JobID(8)])
    #expect(access(directory.path + "/logs/7", F_OK) != 0)
    #expect(access(directory.path + "/logs/notes.txt", F_OK) == 0)
  }

  @Test("copies of builds are told by their SHA-256; what has another name is none")
  func builds() async throws {
    let sha256 = String(repeating: "c", count: 64)
    try write("builds/\(sha256).so", bytes: 4097, at: 50)
    try write("builds/.new-77", bytes: 1, at: 50)
    #expect(
      try await files.builds() == [
        BuildCopy(sha256: sha256, bytes: Bytes(8192), made: Timestamp(microseconds: 50_000_000))
      ])
    try await files.removeBuild(sha256)
    #expect(try await files.builds().isEmpty)
    try await files.removeBuild(sha256)
  }
}
