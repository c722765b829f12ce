import Glibc
import MillraceLinux

/// The file of a sidecar: held to the same rules as the plugins, and replaced whole.
struct SidecarFile {
  let path: String

  /// More is no file of settings.
  private static let bound = 1 << 20

  /// Returns its text; nil if there is none.
  /// - Throws: `LinuxError` that says why it may not be used.
  func text() throws -> String? {
    guard let bytes = try TrustedFiles.bytes(of: path, "the settings in", atMost: Self.bound) else {
      return nil
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw LinuxError("use the settings in `\(path)`", .forbidden("it is no UTF-8 text"))
    }
    return text
  }

  /// Puts a text in its place so that there is the old one or the new one at any time, also after a crash.
  /// - Throws: `LinuxError`.
  func replace(by text: String) throws {
    let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    // A name with a dot in front is no plugin and no sidecar.
    let temporary = "\(directory)/.\(name).\(getpid())"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failed("write beside", errno) }
    defer { close(descriptor) }
    do {
      try write(Array(text.utf8), to: descriptor)
      guard fchmod(descriptor, 0o644) == 0, fsync(descriptor) == 0 else { throw failed("write", errno) }
      guard rename(temporary, path) == 0 else { throw failed("replace", errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    try sync(directory)
  }

  private func write(_ bytes: [UInt8], to descriptor: Int32) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0 || errno == EINTR else { throw failed("write", errno) }
      rest = rest.dropFirst(max(0, count))
    }
  }

  /// The new name is on the disk only with its directory.
  private func sync(_ directory: String) throws {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed("sync the directory of", errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failed("sync the directory of", errno) }
  }

  private func failed(_ doing: String, _ code: Int32) -> LinuxError {
    LinuxError("\(doing) `\(path)`", .kernel(code))
  }
}
