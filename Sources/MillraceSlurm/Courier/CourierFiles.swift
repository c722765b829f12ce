import CMillraceLinux
import Glibc
import MillraceLinux

/// What a node may read and write of one bundle in the runner's spool. No link is followed, and only attempts
/// of the bundle have files.
final class CourierFiles {
  private let directory: Int32
  private let plugins: Int32
  private let limits: Limits
  /// Stops and the closing that the node was told of: which file that was.
  private var told: [String: Stamp] = [:]
  private var seen: Stamp?

  /// Why something is not done, in words for the node.
  struct Refusal: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
  }

  /// The most of a file that is read at once.
  static let chunk = 512 << 10

  /// What the manifest says of the bundle.
  private struct Limits {
    var attempts: Set<String> = []
    var log = 0
    var result = 0

    init(_ manifest: String) {
      for line in manifest.split(separator: "\n") {
        let words = line.split(separator: " ")
        guard words.count > 1 else { continue }
        switch words[0] {
        case "attempt": attempts.insert(String(words[1]))
        case "log": log = Int(words[1]) ?? 0
        case "result": result = Int(words[1]) ?? 0
        default: break
        }
      }
    }
  }

  private struct Stamp: Equatable {
    var inode: UInt
    var seconds: Int
    var nanoseconds: Int

    init(_ facts: stat) {
      inode = UInt(facts.st_ino)
      seconds = facts.st_mtim.tv_sec
      nanoseconds = facts.st_mtim.tv_nsec
    }
  }

  /// Opens a bundle.
  /// - Throws: `Refusal`.
  init(spool: String, bundle: String) throws {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
    let directory = millrace_open(AT_FDCWD, "\(spool)/bundles/\(bundle)", flags, 0)
    guard directory >= 0 else { throw Refusal("there is no such bundle") }
    let plugins = millrace_open(AT_FDCWD, "\(spool)/plugins", flags, 0)
    let manifest = millrace_open(directory, "manifest", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0)
    defer { if manifest >= 0 { close(manifest) } }
    guard plugins >= 0, manifest >= 0 else {
      for opened in [directory, plugins] where opened >= 0 { close(opened) }
      throw Refusal("the bundle has no manifest")
    }
    self.directory = directory
    self.plugins = plugins
    limits = Limits(String(decoding: Self.read(manifest, from: 0, atMost: 64 << 10), as: UTF8.self))
  }

  deinit {
    close(directory)
    close(plugins)
  }

  // MARK: Reading

  /// Opens a file that a node may have; nil if there is none. The caller closes it.
  func open(_ name: CourierName) throws -> Int32? {
    try demand(name.isReadable, name, "it is not for nodes")
    var place = directory
    if case .plugin = name { place = plugins }
    let file = millrace_open(place, name.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0)
    if file == -ENOENT { return nil }
    var facts = stat()
    guard file >= 0, fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      if file >= 0 { close(file) }
      throw Refusal("`\(name.file)` can't be read")
    }
    return file
  }

  /// Returns what is in a file behind `offset`; nothing at its end.
  static func read(_ file: Int32, from offset: Int, atMost count: Int = chunk) -> [UInt8] {
    Descriptor.bytes(of: file, from: offset, atMost: count).bytes
  }

  /// Returns the files that the node is to be told of.
  func news() -> [CourierName] {
    var facts = stat()
    guard fstat(directory, &facts) == 0 else { return [] }
    // Coarse clocks: what has changed just now may change again and look the same.
    let isRecent = time(nil) - facts.st_mtim.tv_sec < 2
    guard isRecent || seen != Stamp(facts) else { return [] }
    seen = Stamp(facts)
    let names = [.closed] + limits.attempts.map { CourierName.attempt($0, .stop) }
    return names.filter { name in
      guard fstatat(directory, name.file, &facts, AT_SYMLINK_NOFOLLOW) == 0, told[name.file] != Stamp(facts)
      else { return false }
      told[name.file] = Stamp(facts)
      return true
    }
  }

  // MARK: Writing

  /// Writes a part of a log.
  func put(_ name: CourierName, at offset: Int, _ bytes: ArraySlice<UInt8>) throws {
    let file = try openLog(name)
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0, offset <= facts.st_size, offset + bytes.count <= limits.log + Self.logRoom
    else { throw Refusal("`\(name.file)` has no place for that") }
    try write(bytes, to: file, at: offset, name)
  }

  /// Has a log on the disk.
  func sync(_ name: CourierName) throws {
    let file = try openLog(name)
    defer { close(file) }
    guard fsync(file) == 0 else { throw failure(name) }
  }

  /// What a log may have beside its cap: the line that says how much is missing.
  private static let logRoom = 256

  private func openLog(_ name: CourierName) throws -> Int32 {
    var isLog = false
    if case .attempt(_, .log) = name { isLog = true }
    try demand(isLog, name, "it is no log")
    let file = millrace_open(directory, name.file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard file >= 0 else { throw Refusal("`\(name.file)` can't be written") }
    return file
  }

  /// Writes a part of a draft, which takes the file's place with the last one.
  /// - Returns: false if there is another file of this name, and that stays.
  func replace(_ name: CourierName, at offset: Int, _ bytes: ArraySlice<UInt8>, isLast: Bool) throws -> Bool {
    try demand(name.isReplaceable, name, "nodes don't write it")
    let draft = name.file + ".new"
    if offset == 0 { unlinkat(directory, draft, 0) }
    let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | (offset == 0 ? O_CREAT | O_EXCL : 0)
    let file = millrace_open(directory, draft, flags, 0o600)
    guard file >= 0 else { throw Refusal("`\(draft)` can't be written") }
    defer { close(file) }
    var facts = stat()
    // A part that comes twice takes its own place.
    guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, offset <= facts.st_size,
      offset + bytes.count <= bound(of: name), ftruncate(file, off_t(offset)) == 0
    else { throw Refusal("`\(name.file)` has no place for that") }
    try write(bytes, to: file, at: offset, name)
    guard isLast else { return true }
    guard fsync(file) == 0 else { throw failure(name) }
    defer { fsync(directory) }
    guard name.isFinal else {
      guard renameat(directory, draft, directory, name.file) == 0 else { throw failure(name) }
      return true
    }
    defer { unlinkat(directory, draft, 0) }
    if linkat(directory, draft, directory, name.file, 0) == 0 { return true }
    guard errno == EEXIST else { throw failure(name) }
    // It was heard before, and the node could not know.
    return try has(name, Self.read(file, from: 0, atMost: Self.textBound))
  }

  private static let textBound = 64 << 10

  private func bound(of name: CourierName) -> Int {
    guard case .attempt(_, .outcome) = name else { return Self.textBound }
    return MemoryLayout<millrace_outcome>.size + limits.result + 2 * Int(MILLRACE_CHECKPOINT_SLOT) + 16
  }

  private func has(_ name: CourierName, _ bytes: [UInt8]) throws -> Bool {
    let file = millrace_open(directory, name.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0)
    guard file >= 0 else { throw Refusal("`\(name.file)` can't be read") }
    defer { close(file) }
    return Self.read(file, from: 0, atMost: Self.textBound + 1) == bytes
  }

  private func write(_ bytes: ArraySlice<UInt8>, to file: Int32, at offset: Int, _ name: CourierName) throws {
    var done = 0
    while done < bytes.count {
      let went = bytes.withUnsafeBytes {
        pwrite(file, $0.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      }
      if went < 0 && errno == EINTR { continue }
      guard went > 0 else { throw failure(name) }
      done += went
    }
  }

  private func failure(_ name: CourierName) -> Refusal {
    Refusal("`\(name.file)`: \(String(cString: strerror(errno)))")
  }

  private func demand(_ isAllowed: Bool, _ name: CourierName, _ reason: String) throws {
    guard isAllowed else { throw Refusal("`\(name.file)`: \(reason)") }
    guard case .attempt(let id, _) = name else { return }
    guard limits.attempts.contains(id) else { throw Refusal("`\(name.file)` is of another bundle") }
  }
}
