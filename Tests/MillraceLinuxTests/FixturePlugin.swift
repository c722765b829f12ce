import Foundation
import Synchronization
import TestSupport

/// What the launcher needs: programs and plugins that were built beside the test bundle or are built here.
enum FixturePlugin {
  /// The folder of the test bundle, where SwiftPM puts all products.
  static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .path

  /// The real host.
  static let host = products + "/millrace-host"

  private static let built = Mutex<[String: Data]>([:])

  /// Compiles `Fixtures/handlers.c` into a file.
  static func build(at path: String, defining macro: String? = nil) throws {
    let library = try built.withLock { built in
      if let library = built[macro ?? ""] { return library }
      let root = URL(filePath: Fixture.folder + "/../../..").standardizedFileURL.path
      let directory = try TemporaryDirectory()
      let file = directory.path + "/lib.so"
      try run(
        ["cc", "-shared", "-fPIC", "-I", root + "/Sources/CMillrace/include"]
          + (macro.map { ["-D" + $0] } ?? [])
          + ["-o", file, Fixture.folder + "/handlers.c"])
      let library = try Data(contentsOf: URL(filePath: file))
      built[macro ?? ""] = library
      return library
    }
    try library.write(to: URL(filePath: path))
  }

  private static func run(_ words: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw TestFailure("failed: \(words.joined(separator: " "))") }
  }
}
