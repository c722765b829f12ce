import Glibc
import MillraceLinux

/// The directories of a runner, made with the permissions that jobs and their secrets need.
struct StateDirectory: Sendable {
  /// Everything is below it; jobs may pass through it but not look around.
  let path: String

  /// Output of attempts: the runner's alone.
  var logs: String { path + "/logs" }
  /// Work directories of attempts, each its job's own.
  var work: String { path + "/work" }
  /// Copies of plugin builds by SHA-256: jobs read them.
  var builds: String { path + "/builds" }

  /// Makes what is not there.
  /// - Throws: `LinuxError` that names the directory.
  init(_ path: String) throws {
    self.path = path
    try Self.make(path, mode: 0o711)
    try Self.make(logs, mode: 0o700)
    try Self.make(work, mode: 0o711)
    try Self.make(builds, mode: 0o755)
  }

  /// Returns the directory that a path is in.
  static func parent(of path: String) -> String {
    String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  /// Makes a directory and its parents; one that exists stays as it is.
  static func make(_ path: String, mode: mode_t) throws {
    let parent = parent(of: path)
    if !parent.isEmpty { try make(parent, mode: 0o755) }
    if access(path, F_OK) == 0 { return }
    guard mkdir(path, mode) == 0, chmod(path, mode) == 0 else {  // The umask may have taken from it.
      throw LinuxError(
        "make the directory `\(path)`", .kernel(errno), hint: "`--state` and `--plugins` name other ones")
    }
  }
}
