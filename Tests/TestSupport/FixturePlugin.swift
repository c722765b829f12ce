package import Foundation
import Synchronization

/// Plugins that tests compile when they need them.
package enum FixturePlugin {
  private static let built = Mutex<[String: String]>([:])

  /// The plugin with handlers that tests run.
  package static func handlers() throws -> String { try build("handlers", defining: []) }

  /// The plugin that writes down what happens to its jobs: see `Fixtures/witness.c`.
  package static func witness() throws -> String { try build("witness", defining: []) }

  /// The plugin with the fault `fault`: see `Fixtures/faulty.c`.
  package static func faulty(_ fault: String) throws -> String {
    try build("faulty", defining: ["FAULT_" + fault])
  }

  /// The plugin for warm hosts, made different by a macro: see `Fixtures/warm.c`.
  package static func warm(_ macro: String? = nil) throws -> String {
    try build("warm", defining: macro.map { [$0] } ?? [])
  }

  /// A build of the plugin that comes in several, made by macros: see `Fixtures/build.c`.
  package static func build(of macros: String...) throws -> String { try build("build", defining: macros) }

  /// The plugin in Go: see `Fixtures/go`.
  package static func go() throws -> String {
    try build("go") { path, folder, include in
      [
        "-C", folder + "/go", "CGO_CFLAGS=-I" + include, "GOCACHE=\(TestDirectory.path)/go-cache", "go",
        "build",
        "-buildvcs=false", "-buildmode=c-shared", "-o", path,
      ]
    }
  }

  /// Writes a copy of the healthy plugin whose bytes `change` has altered.
  package static func altered(_ change: (inout Data) -> Void) throws -> String {
    var data = try Data(contentsOf: URL(fileURLWithPath: try handlers()))
    change(&data)
    let path = TestDirectory.newPath("libaltered.so")
    try data.write(to: URL(fileURLWithPath: path))
    return path
  }

  private static func build(_ name: String, defining macros: [String]) throws -> String {
    try build(([name] + macros).joined(separator: "-")) { path, folder, include in
      ["cc", "-shared", "-fPIC", "-pthread", "-I", include]
        + macros.map { "-D" + $0 } + ["-o", path, "\(folder)/\(name).c"]
    }
  }

  /// Builds a plugin once; `command` is what env(1) runs for a path, the folder of sources and that of the
  /// header.
  private static func build(
    _ key: String, by command: (_ path: String, _ folder: String, _ include: String) -> [String]
  ) throws -> String {
    try built.withLock { built in
      if let path = built[key] { return path }
      let support = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      let sources = support.deletingLastPathComponent().deletingLastPathComponent()
      // A macro may have any value.
      let file = String(key.map { $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : "_" })
      let path = "\(TestDirectory.path)/lib\(file).so"
      let run = try TestProcess(
        "/usr/bin/env", command(path, support.path + "/Fixtures", sources.path + "/Sources/CMillrace/include")
      ).end()
      guard run.status == 0 else { throw TestFailure("cannot compile \(key):\n\(run.errors)") }
      built[key] = path
      return path
    }
  }
}
