import Foundation
import Glibc
import Synchronization
import TestSupport

/// What the launcher needs: programs and plugins that were built beside the test bundle or are built here.
enum LauncherFixture {
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
        "cc -shared -fPIC -I '\(root)/Sources/CMillrace/include' \(macro.map { "-D" + $0 } ?? "") -o '\(file)' "
          + "'\(Fixture.folder)/handlers.c'")
      let library = try Data(contentsOf: URL(filePath: file))
      built[macro ?? ""] = library
      return library
    }
    try library.write(to: URL(filePath: path))
  }

  /// Not Foundation's `Process`: that lets go of its descriptors some time later, and tests count them.
  private static func run(_ command: String) throws {
    guard let output = popen(command, "r"), pclose(output) == 0 else {
      throw TestFailure("failed: \(command)")
    }
  }
}
