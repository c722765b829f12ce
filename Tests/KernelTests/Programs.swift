import Foundation
import Synchronization
import TestSupport

/// The real programs, built beside the test bundle, and what a run of one left.
enum Programs {
  static let directory: URL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

  /// What a run of a program left.
  struct Run: Sendable {
    let status: Int32
    let output: String
    let errors: String
  }

  /// Runs a program to its end.
  static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil
  ) async throws -> Run {
    let process = Process()
    process.executableURL = directory.appendingPathComponent(name)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = try TemporaryFile(), errors = try TemporaryFile()
    process.standardOutput = output.handle
    process.standardError = errors.handle
    let source = Pipe()
    process.standardInput = input == nil ? FileHandle.nullDevice : source
    await withCheckedContinuation { continuation in
      process.terminationHandler = { _ in continuation.resume() }
      do {
        try process.run()
        if let input {
          source.fileHandleForWriting.write(input)
          try source.fileHandleForWriting.close()
        }
      } catch {
        process.terminationHandler = nil
        continuation.resume()
      }
    }
    return Run(status: process.terminationStatus, output: try output.text(), errors: try errors.text())
  }

  /// A file that goes with its owner.
  final class TemporaryFile {
    let handle: FileHandle
    private let path: String

    init() throws {
      path = TestDirectory.newPath("output")
      try Data().write(to: URL(fileURLWithPath: path))
      handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    }

    deinit { unlink(path) }

    func text() throws -> String {
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
  }
}
