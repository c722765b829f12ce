import Glibc

/// A file that the user wants made.
enum OutputFile {
  /// Writes text to a file, in the place of one that is there.
  /// - Throws: `CommandError` (`failure`) if that can't be done.
  static func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw unwritable(path) }
    var rest = [UInt8](text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        let error = unwritable(path)
        close(descriptor)
        throw error
      }
    }
    // Some file systems tell only now that the disk is full.
    guard close(descriptor) == 0 else { throw unwritable(path) }
  }

  private static func unwritable(_ path: String) -> CommandError {
    CommandError(.failure, "cannot write `\(path)`: \(String(cString: strerror(errno)))")
  }
}
