import CMillraceLinux
import Glibc
import MillraceLinux

/// From what the secrets of bundles are made: a file of the runner's own, so that another runner on the same
/// spool knows them, too.
package struct CourierKey: Sendable {
  private let bytes: [UInt8]

  private static let size = 32

  /// Reads the file, or makes it.
  /// - Throws: `LinuxError` if it is not what it should be, or others may read it.
  package init(file path: String) throws {
    if let bytes = try Self.read(path) {
      self.bytes = bytes
      return
    }
    var bytes = [UInt8](repeating: 0, count: Self.size)
    guard getentropy(&bytes, bytes.count) == 0 else { throw LinuxError("make a key", .kernel(errno)) }
    let draft = "\(path).\(getpid())"
    unlink(draft)
    let file = millrace_open(AT_FDCWD, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw LinuxError("make `\(draft)`", .kernel(-file)) }
    let isWritten = write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
    close(file)
    defer { unlink(draft) }
    guard isWritten else { throw LinuxError("write `\(draft)`", .kernel(errno)) }
    // Of two that make it at once, the first one's counts.
    guard link(draft, path) == 0 || errno == EEXIST else {
      throw LinuxError("make `\(path)`", .kernel(errno))
    }
    guard let made = try Self.read(path) else { throw LinuxError("read `\(path)`", .missing("it is gone")) }
    self.bytes = made
  }

  /// The secret of a bundle, for its node and for `CourierServer`.
  package func secret(of bundle: String) -> [UInt8] {
    AuthenticationCode.code(of: Array("bundle ".utf8) + bundle.utf8, with: bytes)
  }

  private static func read(_ path: String) throws -> [UInt8]? {
    let file = millrace_open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0)
    if file == -ENOENT { return nil }
    guard file >= 0 else { throw LinuxError("open `\(path)`", .kernel(-file)) }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_uid == geteuid(),
      facts.st_mode & 0o077 == 0
    else { throw LinuxError("use `\(path)`", .forbidden("others may read it, or it is another's")) }
    let bytes = CourierFiles.read(file, from: 0, atMost: size + 1)
    guard bytes.count == size else {
      throw LinuxError("use `\(path)`", .malformed("it has not \(size) bytes"))
    }
    return bytes
  }
}
