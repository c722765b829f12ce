import Glibc
import MillraceCore

/// What is signed of a plugin: its library or, where files of its own belong to it, the list of all of them.
package enum SignedText {
  /// Returns the list of a plugin's files, whose SHA-256 is that of the build: a line of sha256sum(1) for the
  /// library, as `.so`, and one for each file in its directory.
  ///
  /// - Parameter plugin: the path of the library.
  /// - Returns: nil if no files belong to it: then the library itself is signed.
  /// - Throws: `LinuxError`, also if there is a file that the runner would not use.
  package static func list(of plugin: String) throws -> String? {
    let folder = PluginFolder(beside: plugin)
    if let refused = folder.refused.first {
      throw LinuxError("list the files of `\(plugin)`", .forbidden("`\(refused.path)`: \(refused.reason)"))
    }
    try checkErrno(access(plugin, R_OK), "read `\(plugin)`")
    guard !folder.isEmpty else { return nil }
    return folder.list(with: try PluginFile(opening: plugin, owner: geteuid()).digest())
  }
}
