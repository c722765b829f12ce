import CMillraceLinux
import Glibc
import MillraceCore
import MillraceLinux

/// The directory of one bundle, open. It belongs to the user that its jobs run as, and so does all that is in
/// it: nothing there is followed, waited for, or believed.
struct SpoolEntry: ~Copyable {
  private let directory: Descriptor
  /// Who may have written what is read: the jobs' user.
  private let owner: UInt32

  /// Opens it; nil if there is none.
  init?(_ name: String, in bundles: borrowing Descriptor, owner: UInt32) throws {
    guard
      let directory = try Descriptor.ifThere(
        name, in: bundles.number, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    else { return nil }
    self.directory = directory
    self.owner = owner
  }

  var number: Int32 { directory.number }

  /// Opens a file that is regular and of whom it should be; nil if there is none such.
  private func open(_ name: String) throws -> Descriptor? {
    guard let file = try openedIfCan(name) else { return nil }
    var facts = stat()
    try checkErrno(fstat(file.number, &facts), "look at `\(name)`")
    guard facts.st_mode & S_IFMT == S_IFREG, facts.st_uid == owner || facts.st_uid == geteuid() else {
      return nil
    }
    return file
  }

  private func openedIfCan(_ name: String) throws -> Descriptor? {
    do {
      // Not blocking: a pipe would wait for its writer.
      return try Descriptor.ifThere(name, in: directory.number, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    } catch let error as LinuxError {
      // A link, a socket, a file that may not be read: none of ours.
      guard [.kernel(ELOOP), .kernel(ENXIO), .kernel(EACCES)].contains(error.reason) else { throw error }
      return nil
    }
  }

  /// Returns a text; nil if there is none, or one that is too long.
  func text(_ name: String) throws -> String? {
    guard let file = try open(name) else { return nil }
    let bytes = try Self.bytes(of: file, from: 0, atMost: SpoolText.bound + 1, name)
    return bytes.count <= SpoolText.bound ? String(decoding: bytes, as: UTF8.self) : nil
  }

  /// Returns what is in a file behind `offset`; nothing if there is none.
  func bytes(_ name: String, from offset: Int, atMost count: Int) throws -> [UInt8] {
    guard let file = try open(name) else { return [] }
    return try Self.bytes(of: file, from: offset, atMost: count, name)
  }

  /// Whether there is something of this name.
  func has(_ name: String) throws -> Bool {
    var facts = stat()
    if fstatat(directory.number, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 { return true }
    guard errno == ENOENT else { throw LinuxError("look at `\(name)`", .kernel(errno)) }
    return false
  }

  /// Makes a file that nobody else has made, not even as a link.
  /// - Returns: false if there is something of this name.
  func create(_ name: String, _ text: String, mode: UInt32 = 0o644) throws -> Bool {
    try create(name, Array(text.utf8), mode: mode)
  }

  func create(_ name: String, _ bytes: [UInt8], mode: UInt32) throws -> Bool {
    guard let file = try made(name, mode: mode) else { return false }
    try bytes.withUnsafeBytes { try file.write($0, name) }
    // Whatever this process' mask of modes is.
    try checkErrno(fchmod(file.number, mode), "let others read `\(name)`")
    return true
  }

  private func made(_ name: String, mode: UInt32) throws -> Descriptor? {
    do {
      return try Descriptor(
        opening: name, in: directory.number, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
    } catch let error as LinuxError {
      guard error.reason == .kernel(EEXIST) else { throw error }
      return nil
    }
  }

  /// Puts a text in the place of whatever has this name.
  func replace(_ name: String, _ text: String) throws {
    let new = ".new-\(name)"
    if try !create(new, text) {
      // Left over, or put there to be in the way.
      unlinkat(directory.number, new, 0)
      guard try create(new, text) else { throw LinuxError("write `\(name)`", .kernel(EEXIST)) }
    }
    try checkErrno(renameat(directory.number, new, directory.number, name), "replace `\(name)`")
  }

  func remove(_ name: String) { unlinkat(directory.number, name, 0) }

  /// Gives a file to the jobs' user.
  func give(_ name: String, to user: SlurmSettings.User) throws {
    try checkErrno(
      fchownat(directory.number, name, user.uid, user.gid, AT_SYMLINK_NOFOLLOW), "give `\(name)` away")
  }

  private static func bytes(
    of file: borrowing Descriptor, from offset: Int, atMost bound: Int, _ name: String
  ) throws -> [UInt8] {
    let (bytes, error) = Descriptor.bytes(of: file.number, from: offset, atMost: bound)
    guard error == 0 else { throw LinuxError("read `\(name)`", .kernel(error)) }
    return bytes
  }
}
