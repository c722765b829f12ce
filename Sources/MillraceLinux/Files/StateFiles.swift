import CMillraceLinux
import Dispatch
import Glibc
package import MillraceCore
package import MillraceEngine

/// The logs and the copies of builds in a state directory: `logs/<job>/<attempt>.log`, `builds/<SHA-256>.so`.
package struct StateFiles: AttemptFiles {
  private let logDirectory: String
  private let buildDirectory: String

  /// Looks after files in two directories.
  package init(logs: String, builds: String) {
    logDirectory = logs
    buildDirectory = builds
  }

  package func logs() async throws -> [JobLogs] {
    try await onThreadOfItsOwn {
      try Self.names(in: logDirectory).compactMap { name in
        guard let job = JobID(text: name) else { return nil }
        var logs = JobLogs(job: job, files: 0, bytes: .zero, lastWrite: Timestamp(microseconds: 0))
        for file in try Self.names(in: "\(logDirectory)/\(name)") {
          guard let facts = try Self.facts("\(logDirectory)/\(name)/\(file)") else { continue }
          logs.files += 1
          logs.bytes = logs.bytes + facts.bytes
          logs.lastWrite = max(logs.lastWrite, facts.written)
        }
        return logs
      }
    }
  }

  package func removeLogs(of jobs: [JobID]) async throws {
    guard !jobs.isEmpty else { return }
    try await onThreadOfItsOwn {
      for job in jobs {
        let directory = "\(logDirectory)/\(job)"
        for file in try Self.names(in: directory) { try Self.remove("\(directory)/\(file)", unlink) }
        try Self.remove(directory, rmdir)
      }
    }
  }

  package func builds() async throws -> [BuildCopy] {
    try await onThreadOfItsOwn {
      try Self.names(in: buildDirectory).compactMap { name in
        guard name.hasSuffix(".so"), name.utf8.count == 67,
          let facts = try Self.facts("\(buildDirectory)/\(name)")
        else { return nil }
        return BuildCopy(sha256: String(name.dropLast(3)), bytes: facts.bytes, made: facts.written)
      }
    }
  }

  package func removeBuild(_ sha256: String) async throws {
    try Self.remove("\(buildDirectory)/\(sha256).so", unlink)
    try Self.remove("\(buildDirectory)/\(sha256).so" + BuildSignatures.suffix, unlink)
    PluginFolder.remove("\(buildDirectory)/\(sha256).d")
  }

  /// The names in a directory; none if it is not there.
  private static func names(in path: String) throws -> [String] {
    guard let directory = opendir(path) else {
      guard errno == ENOENT else { throw LinuxError("list `\(path)`", .kernel(errno)) }
      return []
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// What a file takes on the disk, and when it was last written; nil if it is gone.
  private static func facts(_ path: String) throws -> (bytes: Bytes, written: Timestamp)? {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      guard errno == ENOENT else { throw LinuxError("look at `\(path)`", .kernel(errno)) }
      return nil
    }
    let written = Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000
    // Whole pages, as file systems give them; what a file system really gave is told too late by some.
    let pages = (Int64(status.st_size) + 4095) / 4096
    return (Bytes(pages * 4096), Timestamp(microseconds: written))
  }

  private static func remove(_ path: String, _ call: (UnsafePointer<CChar>) -> Int32) throws {
    // A directory that got a new file meanwhile stays.
    guard call(path) == 0 || errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST else {
      throw LinuxError("remove `\(path)`", .kernel(errno))
    }
  }

  /// Many files take time, and tasks share few threads.
  private func onThreadOfItsOwn<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global(qos: .utility).async { continuation.resume(with: Result { try body() }) }
    }
  }
}
