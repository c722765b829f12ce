import Glibc

/// The file that spans are written to, a line at a time. When it is large enough it is put aside as `NAME.1`,
/// which takes the place of the one before.
final class SpanFile {
  /// What the system said when the file could not be written.
  struct Failure: Error, CustomStringConvertible {
    let path: String
    let code: Int32
    var description: String { "cannot write `\(path)`: \(String(cString: strerror(code)))" }
  }

  private let path: String
  private let largest: Int
  private var descriptor: Int32 = -1

  /// Makes one that is opened with the first line; `largest` is in bytes.
  init(path: String, atMost largest: Int) {
    self.path = path
    self.largest = largest
  }

  deinit { close() }

  /// Adds a line, which has its line break.
  func append(_ line: [UInt8]) throws(Failure) {
    let size = try size()
    if size > 0, size + line.count > largest { try putAside() }
    var written = 0
    while written < line.count {
      let count = line[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure() }
      written += count
    }
  }

  private func size() throws(Failure) -> Int {
    if descriptor < 0 {
      descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
    }
    var facts = stat()
    guard descriptor >= 0, fstat(descriptor, &facts) == 0 else { throw failure() }
    return Int(facts.st_size)
  }

  private func putAside() throws(Failure) {
    guard rename(path, path + ".1") == 0 else { throw failure() }
    close()
    _ = try size()
  }

  /// What failed may be mended by opening the file anew.
  private func failure() -> Failure {
    defer { close() }
    return Failure(path: path, code: errno)
  }

  private func close() {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    descriptor = -1
  }
}
