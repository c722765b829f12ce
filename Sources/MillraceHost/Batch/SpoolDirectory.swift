import CMillraceLinux
import CMillraceLinux.Libc

/// The directory of a bundle. Nothing that is read there is followed if it is a link, or waited for if it is
/// no file; what is written appears whole, by rename.
struct SpoolDirectory {
  let descriptor: Int32
  /// Its path without links: plugins lie beside the bundles.
  let path: String
  /// What takes it to the runner, and brings what comes from there; nil if the runner sees the directory.
  let courier: Courier?

  private static let hint = "look at the spool's file system, its space and its owner"

  /// Opens the directory; no link leads to it.
  init(_ path: UnsafePointer<CChar>, _ courier: Courier? = nil) throws(HostError) {
    self.courier = courier
    let name = String(cString: path)
    descriptor = try check(
      millrace_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0), "cannot open the bundle `\(name)`",
      hint: "millrace-host batch wants the bundle's directory, `SPOOL/bundles/NAME`")
    guard let resolved = realpath(path, nil) else {
      throw HostError(
        "cannot resolve the path `\(name)`: \(words(for: -millrace_error()))", hint: SpoolDirectory.hint)
    }
    defer { free(resolved) }
    self.path = String(cString: resolved)
  }

  /// Returns all of a file; nil if there is none.
  func read(_ name: String, atMost bound: Int) throws(HostError) -> [UInt8]? {
    guard let file = try open(name) else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = CMillraceLinux.read(file, &block, block.count)
      if count < 0 && millrace_error() == EINTR { continue }
      guard count >= 0 else { throw fault("read", name, -millrace_error()) }
      if count == 0 { return bytes }
      guard bytes.count + count <= bound else {
        throw HostError("`\(name)` in the spool has over \(bound) bytes", hint: SpoolDirectory.hint)
      }
      bytes.append(contentsOf: block[..<count])
    }
  }

  /// Opens a file to read; nil if there is none.
  func open(_ name: String) throws(HostError) -> Int32? {
    let file = name.withCPointer {
      millrace_open(descriptor, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0)
    }
    if file == -ENOENT { return nil }
    guard file >= 0 else { throw fault("open", name, file) }
    var facts = stat()
    guard fstat(file, &facts) == 0, facts.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG) else {
      close(file)
      throw HostError("`\(name)` in the spool is no regular file", hint: SpoolDirectory.hint)
    }
    return file
  }

  /// Whether there is anything of this name.
  func has(_ name: String) -> Bool {
    name.withCPointer { faccessat(descriptor, $0, F_OK, AT_SYMLINK_NOFOLLOW) } == 0
  }

  /// Makes a file that nobody has made before, with these bytes, which nobody else would write. Returns false
  /// if somebody has.
  func claim(_ name: String, _ bytes: [UInt8]) throws(HostError) -> Bool {
    let file = name.withCPointer { millrace_open(descriptor, $0, O_WRONLY | O_CREAT | O_EXCL, 0o600) }
    if file == -EEXIST {
      // It may be from here: what failed on the way back may have been done.
      guard try read(name, atMost: SpoolText.maximumSize) == bytes else { return false }
      return try tell(name)
    }
    guard file >= 0 else { throw fault("make", name, file) }
    let result = bytes.withUnsafeBytes { SpoolDirectory.write($0, to: file) }
    // A file system on the network may refuse only now.
    let closed = close(file) == 0 ? 0 : -millrace_error()
    guard result == 0, closed == 0 else {
      // As it is, it would look like another host's.
      _ = name.withCPointer { unlinkat(descriptor, $0, 0) }
      throw fault("write", name, min(result, closed))
    }
    return try tell(name)
  }

  /// Makes a file, or puts it in the place of the one before, as a whole. If it `lasts`, it is on the disk
  /// before it has its name.
  func replace(_ name: String, _ bytes: [UInt8], lasts: Bool = false) throws(HostError) {
    try replace(name, lasts: lasts) { file in bytes.withUnsafeBytes { SpoolDirectory.write($0, to: file) } }
  }

  /// The same, by what `body` writes; it returns a negative errno if it can't.
  func replace(_ name: String, lasts: Bool, _ body: (Int32) -> Int32) throws(HostError) {
    let draft = name + ".new"
    let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
    let file = draft.withCPointer { millrace_open(descriptor, $0, flags, 0o600) }
    guard file >= 0 else { throw fault("make", draft, file) }
    var result = body(file)
    if result == 0 && lasts && fsync(file) < 0 { result = -millrace_error() }
    if close(file) < 0 && result == 0 { result = -millrace_error() }
    guard result == 0 else { throw fault("write", draft, result) }
    let renamed = draft.withCPointer { from in
      name.withCPointer { to in renameat(descriptor, from, descriptor, to) }
    }
    guard renamed == 0 else { throw fault("rename", draft, -millrace_error()) }
    if lasts { try sync() }
    guard try !tell(name) else { return }
    put("notice: the runner has another `\(name)` already, and keeps it\n", to: STDERR_FILENO)
  }

  /// Has the runner have a file as it is here, if it does not see it. Returns false if it has another one
  /// that stays.
  private func tell(_ name: String) throws(HostError) -> Bool {
    guard let courier, let file = try open(name) else { return true }
    defer { close(file) }
    return try courier.replace(name, by: file)
  }

  /// Brings a file here from the runner. Returns false if there is none.
  func fetch(_ name: String) throws(HostError) -> Bool {
    guard let courier else { return has(name) }
    let draft = name + ".new"
    let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
    let file = draft.withCPointer { millrace_open(descriptor, $0, flags, 0o600) }
    guard file >= 0 else { throw fault("make", draft, file) }
    defer { close(file) }
    // Plugins lie beside the bundles, and are asked for as such.
    let plain =
      name.utf8.starts(with: "../../".utf8) ? String(decoding: name.utf8.dropFirst(6), as: UTF8.self) : name
    let isThere = try courier.fetch(plain) { bytes throws(HostError) in
      let result = bytes.withUnsafeBytes { SpoolDirectory.write($0, to: file) }
      guard result == 0 else { throw fault("write", draft, result) }
    }
    let moved = draft.withCPointer { from in
      name.withCPointer { to in
        isThere ? renameat(descriptor, from, descriptor, to) : unlinkat(descriptor, from, 0)
      }
    }
    guard moved == 0 else { throw fault("rename", draft, -millrace_error()) }
    return isThere
  }

  /// Has the names of the directory on the disk. A file system that has no such thing keeps them as it can.
  func sync() throws(HostError) {
    guard fsync(descriptor) < 0, millrace_error() != EINVAL else { return }
    throw fault("sync", ".", -millrace_error())
  }

  /// Writes all bytes. Returns 0 or a negative errno.
  static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> Int32 {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      let written = CMillraceLinux.write(file, start, rest.count)
      if written < 0 && millrace_error() == EINTR { continue }
      guard written >= 0 else { return -millrace_error() }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
    return 0
  }

  private func fault(_ verb: StaticString, _ name: String, _ result: Int32) -> HostError {
    HostError(
      "cannot \(verb.description) `\(name)` in the spool: \(words(for: result))", hint: SpoolDirectory.hint)
  }
}
