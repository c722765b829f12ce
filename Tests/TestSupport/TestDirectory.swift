import Foundation

/// A directory of this test run that everybody can pass through, as jobs run as `nobody`.
package enum TestDirectory {
  /// Its path.
  package static let path: String = {
    let path = FileManager.default.temporaryDirectory.path + "/millrace-tests.\(getpid())"
    mkdir(path, 0o755)
    chmod(path, 0o755)
    atexit { try? FileManager.default.removeItem(atPath: TestDirectory.path) }  // Best effort at the end.
    return path
  }()

  /// Returns a path in it that is not used yet.
  package static func newPath(_ name: String) -> String { "\(path)/\(UUID().uuidString.prefix(8))-\(name)" }
}
