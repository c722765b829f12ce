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
    // Not blocking: a pipe would wait for its writer.
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw errno == ELOOP ? forbidden("it is a symbolic link") : failed("open", errno)
    }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw failed("look at", errno) }
    guard facts.st_mode & S_IFMT == S_IFREG else { throw forbidden("it is no regular file") }
    guard facts.st_uid == 0 || facts.st_uid == geteuid() else {
      throw forbidden("user \(facts.st_uid) owns it, not root or the runner's user")
    }
    guard facts.st_mode & (S_IWGRP | S_IWOTH) == 0 else { throw forbidden("others may write to it") }
    return try text(of: descriptor)
  }

  private func text(of descriptor: Int32) throws -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw failed("read", errno)
      }
      bytes += chunk[..<count]
      guard bytes.count <= Self.bound else { throw forbidden("it is over \(Self.bound) bytes long") }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw forbidden("it is no UTF-8 text") }
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

  private func forbidden(_ why: String) -> LinuxError {
    LinuxError("use the settings in `\(path)`", .forbidden(why))
  }
}
