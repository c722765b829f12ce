import Glibc
import MillraceCore

/// A file that the user names; `-` is standard input.
enum InputFile {
  /// The most that is read of it; the runner has its own, smaller bounds.
  static let limit = Bytes.mebibytes(256)

  /// Returns all of its bytes.
  /// - Throws: `CommandError` (`usage`) if it can't be read or is too large.
  static func bytes(_ path: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try read(path) { chunk in
      bytes += chunk
      guard Int64(bytes.count) <= limit.rawValue else {
        throw CommandError(.usage, "`\(path)` is larger than \(limit)")
      }
    }
    return bytes
  }

  /// Hands on its bytes as they are read, 64 KiB at most at a time; it may have any length.
  /// - Throws: `CommandError` (`usage`) if it can't be read, and what `body` throws.
  static func read(_ path: String, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { return }
      if count < 0 {
        if errno == EINTR { continue }
        throw unreadable(path)
      }
      try body(chunk[..<count])
    }
  }

  /// Returns its text.
  /// - Throws: as `bytes`; also if it is no UTF-8.
  static func text(_ path: String) throws -> String {
    guard let text = String(validating: try bytes(path), as: UTF8.self) else {
      throw CommandError(.usage, "`\(path)` is no UTF-8 text")
    }
    return text
  }

  private static func unreadable(_ path: String) -> CommandError {
    CommandError(.usage, "cannot read `\(path)`: \(String(cString: strerror(errno)))")
  }
}
