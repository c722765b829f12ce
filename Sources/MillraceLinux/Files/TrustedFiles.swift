import CMillraceLinux
import Glibc

/// Files that tell the runner what to do: of root or the runner's own user, and written by nobody else.
package enum TrustedFiles {
  /// Lists a directory.
  ///
  /// - Parameters:
  ///   - path: the directory.
  ///   - kind: what it is for people: "plugin directory".
  /// - Returns: the names in it, in order, without those that begin with a dot.
  /// - Throws: `LinuxError` also if others may write to it.
  package static func names(in path: String, _ kind: String) throws -> [String] {
    guard let directory = opendir(path) else { throw LinuxError("list `\(path)`", .kernel(errno)) }
    defer { closedir(directory) }
    var facts = stat()
    try checkErrno(fstat(dirfd(directory), &facts), "look at `\(path)`")
    guard facts.st_mode & (S_IWGRP | S_IWOTH) == 0, facts.st_uid == 0 || facts.st_uid == geteuid() else {
      throw LinuxError(
        "use the \(kind) `\(path)`", .forbidden("others may write to it"),
        hint: "chown \(geteuid()) \(path) && chmod go-w \(path)")
    }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - kind: what it has for people: "the settings in".
  ///   - bound: a longer one is refused, and not read.
  ///   - isSecret: whether nobody else may read it either.
  /// - Returns: what is in it; nil if there is none.
  /// - Throws: `LinuxError` that says why it may not be used.
  package static func bytes(
    of path: String, _ kind: String, atMost bound: Int, isSecret: Bool = false
  ) throws -> [UInt8]? {
    func forbidden(_ why: String) -> LinuxError { LinuxError("use \(kind) `\(path)`", .forbidden(why)) }
    // Not blocking: a pipe would wait for its writer.
    let number = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard number >= 0 else {
      if errno == ENOENT { return nil }
      throw errno == ELOOP ? forbidden("it is a symbolic link") : LinuxError("open `\(path)`", .kernel(errno))
    }
    let file = Descriptor(owning: number)
    var facts = stat()
    try checkErrno(fstat(number, &facts), "look at `\(path)`")
    guard facts.st_mode & S_IFMT == S_IFREG else { throw forbidden("it is no regular file") }
    guard facts.st_uid == 0 || facts.st_uid == geteuid() else {
      throw forbidden("user \(facts.st_uid) owns it, not root or the runner's user")
    }
    guard facts.st_mode & (S_IWGRP | S_IWOTH) == 0 else { throw forbidden("others may write to it") }
    guard !isSecret || facts.st_mode & (S_IRGRP | S_IROTH) == 0 else { throw forbidden("others may read it") }
    guard facts.st_size <= bound else { throw forbidden("it is over \(bound) bytes long") }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(file.number, &chunk, chunk.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw LinuxError("read `\(path)`", .kernel(errno))
      }
      bytes += chunk[..<count]
      guard bytes.count <= bound else { throw forbidden("it is over \(bound) bytes long") }
    }
  }
}
