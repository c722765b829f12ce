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

  /// Makes a symbolic link.
  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path + "/" + name, withDestinationPath: target)
  }
}
