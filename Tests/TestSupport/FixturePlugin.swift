package import Foundation
import Synchronization

/// Plugins in C that tests compile when they need them.
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

  /// Writes a copy of the healthy plugin whose bytes `change` has altered.
  package static func altered(_ change: (inout Data) -> Void) throws -> String {
    var data = try Data(contentsOf: URL(fileURLWithPath: try handlers()))
    change(&data)
    let path = TestDirectory.newPath("libaltered.so")
    try data.write(to: URL(fileURLWithPath: path))
    return path
  }

  private static func build(_ name: String, defining macros: [String]) throws -> String {
    let key = ([name] + macros).joined(separator: "-")
    return try built.withLock { built in
      if let path = built[key] { return path }
      let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      let sources = folder.deletingLastPathComponent().deletingLastPathComponent()
      // A macro may have any value.
      let file = String(key.map { $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : "_" })
      let path = "\(TestDirectory.path)/lib\(file).so"
      let arguments =
        ["cc", "-shared", "-fPIC", "-pthread", "-I", sources.path + "/Sources/CMillrace/include"]
        + macros.map { "-D" + $0 } + ["-o", path, "\(folder.path)/Fixtures/\(name).c"]
      let run = try TestProcess("/usr/bin/env", arguments).end()
      guard run.status == 0 else { throw TestFailure("cannot compile \(key):\n\(run.errors)") }
      built[key] = path
      return path
    }
  }
}
