import CMillraceLinux
import Glibc

/// Removes a directory with all that is in it, and nothing else, whoever changes it meanwhile: jobs of one
/// user can reach each other's directories.
///
/// Each step goes from an open directory to a name right below it and follows no symbolic link. What is
/// deeper is moved up to the top first, so no tree is too deep for descriptors or the stack.
package struct DirectoryRemoval: ~Copyable {
  private let top: Descriptor
  private var lifted = 0
  private var steps = 0

  /// How many entries are dealt with at most: somebody may make new ones for ever.
  private static let maximumSteps = 10_000_000

  /// Removes the directory `name` in the open directory `parent`; fine if it is not there. It lets others
  /// have their turn.
  /// - Throws: `LinuxError` if the kernel refuses, or if somebody puts more into it all the time.
  package static func remove(_ name: String, in parent: Int32) async throws {
    guard let top = try open(Array(name.utf8CString), in: parent) else { return }
    var removal = DirectoryRemoval(top: top)
    repeat {
      try await removal.empty()
    } while try !unlink(Array(name.utf8CString), in: parent, flags: AT_REMOVEDIR, tolerating: ENOTEMPTY)
  }

  private init(top: consuming Descriptor) { self.top = top }

  /// Removes what is there now; what it moves up is for the next time.
  private mutating func empty() async throws {
    for name in try Self.names(in: top.number) {
      steps += 1
      guard steps < Self.maximumSteps else {
        throw LinuxError("remove a directory", .missing("more is put into it all the time"))
      }
      if steps % 256 == 0 { await Task.yield() }
      guard try !Self.unlink(name, in: top.number, flags: 0, tolerating: EISDIR) else { continue }
      try lift(from: name)
      _ = try Self.unlink(name, in: top.number, flags: AT_REMOVEDIR, tolerating: ENOTEMPTY)
    }
  }

  /// Empties a directory right below the top: files go, directories move up.
  private mutating func lift(from name: [CChar]) throws {
    guard let directory = try Self.open(name, in: top.number) else { return }
    for name in try Self.names(in: directory.number) {
      steps += 1
      guard try !Self.unlink(name, in: directory.number, flags: 0, tolerating: EISDIR) else { continue }
      repeat {
        lifted += 1
      } while renameat(directory.number, name, top.number, ".lifted-\(lifted)") < 0 && errno == ENOTEMPTY
      // Whatever else kept it from moving is told when its directory can't be removed.
    }
  }

  /// Opens a directory; nil if there is none of this name any more.
  private static func open(_ name: [CChar], in directory: Int32) throws -> Descriptor? {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
    var number = millrace_open(directory, name, flags, 0)
    if number == -EACCES {
      // A job that runs as this very user may have closed its own directory.
      fchmodat(directory, name, 0o700, 0)
      number = millrace_open(directory, name, flags, 0)
    }
    if [-ENOENT, -ENOTDIR, -ELOOP].contains(number) { return nil }
    return Descriptor(owning: try check(number, "open a directory to remove it"))
  }

  /// Removes a name; returns false if it failed with the error that is tolerated.
  private static func unlink(
    _ name: [CChar], in directory: Int32, flags: Int32, tolerating tolerated: Int32
  ) throws -> Bool {
    if unlinkat(directory, name, flags) == 0 || errno == ENOENT { return true }
    if errno == tolerated { return false }
    throw LinuxError("remove `\(text(name))`", .kernel(errno))
  }

  private static func text(_ name: [CChar]) -> String {
    String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Returns the names in a directory, as the kernel has them: any bytes, ended by a zero.
  package static func names(in directory: Int32) throws -> [[CChar]] {
    let listed = try check(millrace_open(directory, ".", O_RDONLY | O_DIRECTORY, 0), "list a directory")
    guard let stream = fdopendir(listed) else {
      let error = LinuxError("list a directory", .kernel(errno))
      close(listed)
      throw error
    }
    defer { closedir(stream) }
    var names: [[CChar]] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
      }
      if text(name) != "." && text(name) != ".." { names.append(name) }
    }
    return names
  }
}
