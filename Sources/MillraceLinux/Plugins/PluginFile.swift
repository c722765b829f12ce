import CMillraceLinux
import Glibc

/// A file in the plugin directory, opened once: what is checked is what is hashed and copied.
package struct PluginFile: ~Copyable {
  let path: String
  private let file: Descriptor
  private let facts: stat

  /// Tells whether a file has changed without reading it.
  struct Mark: Equatable {
    var device: UInt
    var inode: UInt
    var size: Int
    var changed: Int
    var changedNanoseconds: Int

    init(_ facts: stat) {
      (device, inode, size) = (UInt(facts.st_dev), UInt(facts.st_ino), facts.st_size)
      (changed, changedNanoseconds) = (facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec)
    }
  }

  /// Opens a file that may be used: owned by root or `owner`, written by nobody else.
  /// - Throws: `LinuxError` that says why it may not.
  init(opening path: String, owner: UInt32) throws {
    // Not blocking: a pipe would wait for its writer.
    let file = try Descriptor(opening: path, flags: O_RDONLY | O_NONBLOCK)
    var facts = stat()
    try checkErrno(fstat(file.number, &facts), "look at `\(path)`")
    guard facts.st_mode & S_IFMT == S_IFREG else {
      throw LinuxError("use the plugin `\(path)`", .forbidden("it is no regular file"))
    }
    guard facts.st_uid == 0 || facts.st_uid == owner else {
      throw LinuxError(
        "use the plugin `\(path)`", .forbidden("user \(facts.st_uid) owns it, not root or the runner's user"),
        hint: "chown \(owner) \(path)")
    }
    guard facts.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
      throw LinuxError(
        "use the plugin `\(path)`", .forbidden("others may write to it"), hint: "chmod go-w \(path)")
    }
    self.path = path
    self.file = file
    self.facts = facts
  }

  /// The file's mark as it was opened.
  var mark: Mark { Mark(facts) }

  /// Returns the mark of what has a path now; nil if nothing has.
  static func mark(at path: String) -> Mark? {
    var facts = stat()
    return stat(path, &facts) == 0 ? Mark(facts) : nil
  }

  /// Whether the file is as it was opened; what was read of one that is not may be half of it.
  func isAsOpened() throws -> Bool {
    var now = stat()
    try checkErrno(fstat(file.number, &now), "look at `\(path)`")
    return Mark(now) == mark
  }

  /// Whether somebody writes it: then it is not whole yet. Where the kernel does not tell, it counts as
  /// whole; that it grows while it is read is told by `isAsOpened`.
  func isBeingWritten() throws -> Bool {
    let answer = millrace_has_writer(file.number)
    if [-EINVAL, -EACCES, -EPERM, -EOPNOTSUPP].contains(answer) { return false }
    return try check(answer, "look who writes `\(path)`") == 1
  }

  /// Copies the file to `directory/<SHA-256>.so`, and the files that belong to it to `directory/<SHA-256>.d`,
  /// where they never change again.
  /// - Returns: the SHA-256 in hexadecimal digits: the file's own, or that of a list of all.
  func copy(into directory: String, with folder: PluginFolder? = nil) throws -> String {
    let temporary = "\(directory)/.new-\(getpid())"
    unlink(temporary)
    let copy = try Descriptor(opening: temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    do {
      let own = try digest { try copy.write($0, temporary) }
      let digest = folder?.digest(with: own) ?? own
      try checkErrno(fchmod(copy.number, 0o644), "set up `\(temporary)`")
      try folder?.copy(to: "\(directory)/\(digest).d")
      try checkErrno(rename(temporary, "\(directory)/\(digest).so"), "keep a copy of `\(path)`")
      return digest
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Returns the file's own SHA-256 in hexadecimal digits; `piece` is given each piece of it on the way.
  /// To be asked once.
  func digest(_ piece: (UnsafeRawBufferPointer) throws -> Void = { _ in }) throws -> String {
    var hash = FileHash()
    try withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { buffer in
      while true {
        let count = Glibc.read(file.number, buffer.baseAddress, buffer.count)
        if count == 0 { return }
        if count < 0 {
          if errno == EINTR { continue }
          throw LinuxError("read `\(path)`", .kernel(errno))
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        hash.add(bytes)
        try piece(bytes)
      }
    }
    return hash.hex()
  }

  /// Returns the SHA-256 of bytes in hexadecimal digits.
  package static func digest(of bytes: [UInt8]) -> String {
    var hash = FileHash()
    bytes.withUnsafeBytes { hash.add($0) }
    return hash.hex()
  }
}
