import FoundationEssentials
import Glibc

/// A directory of a test's own; gone with this value.
final class TemporaryDirectory {
  struct CannotMake: Error {
    var errno: Int32
  }

  /// Its absolute path.
  let path: String

  /// Makes an empty directory that everybody may read.
  init() throws {
    var template = Array("/tmp/millrace-plugins-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CannotMake(errno: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard chmod(path, 0o755) == 0 else { throw CannotMake(errno: errno) }
  }

  deinit {
    // What can't be removed is in /tmp.
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file, and the directories on the way to it; returns its absolute path.
  @discardableResult
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let file = URL(filePath: path).appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return path + "/" + name
  }

  /// All that is in it, as sorted paths from it; links are not followed.
  var names: [String] {
    var found: [String] = []
    func enter(_ prefix: String) {
      // What is gone or closed has no names.
      let inside = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(prefix)")) ?? []
      for name in inside {
        var status = stat()
        guard lstat("\(path)/\(prefix)\(name)", &status) == 0 else { continue }
        found.append(prefix + name)
        if status.st_mode & S_IFMT == S_IFDIR { enter("\(prefix)\(name)/") }
      }
    }
    enter("")
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Makes a file, a directory or a link so many days old.
  func age(_ name: String, days: Int) {
    let then = timespec(tv_sec: time(nil) - days * 86_400, tv_nsec: 0)
    let status = utimensat(AT_FDCWD, "\(path)/\(name)", [then, then], AT_SYMLINK_NOFOLLOW)
    precondition(status == 0, "cannot set the times of `\(name)`")
  }

  /// Makes a symbolic link.
  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path + "/" + name, withDestinationPath: target)
  }
}
