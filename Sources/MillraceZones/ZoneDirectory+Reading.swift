import Glibc
import MillraceCore

extension ZoneDirectory {
  /// Far above the largest of them, which has under 4 KiB.
  private static let largest = 1 << 20

  /// Reads a file of the directory; nil if there is none.
  func load(_ file: String, name: String) throws(ZoneError) -> LoadedZone? {
    // A pipe that somebody put there must not block.
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw failure(name, errno)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(name, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ZoneError(name, .notAFile, hint: "name a zone in it, like Europe/Riga")
    }
    guard status.st_size <= Self.largest else { throw ZoneError(name, .tooLarge, hint: hint) }
    let bytes = try contents(of: descriptor, size: Int(status.st_size), name)
    do {
      return LoadedZone(
        name: name, rules: try ZoneRules(bytes: bytes), file: file, stamp: FileStamp(status))
    } catch {
      throw ZoneError(name, .malformed(error), hint: hint)
    }
  }

  private func contents(of descriptor: Int32, size: Int, _ name: String) throws(ZoneError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    var length = 0
    while length < size {
      let count = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + length }, size - length, off_t(length))
      }
      if count < 0, errno != EINTR { throw failure(name, errno) }
      if count == 0 { break }
      length += max(0, count)
    }
    return Array(bytes.prefix(length))
  }

  private var hint: String { "the file is in `\(path)`; the package `tzdata` installs them" }

  private func failure(_ name: String, _ code: Int32) -> ZoneError {
    ZoneError(name, .system(code, words: String(cString: strerror(code))), hint: hint)
  }
}
