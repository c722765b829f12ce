import GRDB
import Glibc
import MillraceCore
import Synchronization

/// The directory `blobs/` beside the database: inputs and results that are too large for a row.
///
/// A file is written and synced before the transaction that names it, under a random name, and never changed
/// after that. A file that no row names is an orphan: of a transaction that failed, or of a runner that died.
struct BlobDirectory: Sendable {
  /// Its absolute path, without a slash at the end.
  let path: String
  private let removals = Removals()

  init(path: String) { self.path = path }

  /// Writes a new file, synced to the disk together with its name.
  /// - Returns: its name.
  func write(_ bytes: [UInt8]) throws -> String {
    let name = Self.randomName()
    let file = "\(path)/\(name)"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StoreError("make a payload file", in: file, errno: errno) }
    defer { close(descriptor) }
    do {
      try Self.write(bytes[...], to: descriptor, file: file)
      guard fsync(descriptor) == 0 else { throw StoreError("sync a payload file", in: file, errno: errno) }
      try Self.syncDirectory(path)
    } catch {
      remove(name)
      throw error
    }
    return name
  }

  /// Reads a whole file, which must have `size` bytes.
  func read(_ name: String, size: Int) throws -> [UInt8] {
    let file = "\(path)/\(name)"
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      guard errno == ENOENT else { throw Self.unreadable(file, errno) }
      throw StoreError(
        action: "read a payload", file: file, reason: .corrupt,
        detail: "the database names this file, but it is not there")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw StoreError("read a payload", in: file, errno: errno) }
    guard Int(status.st_size) == size else {
      throw StoreError(
        action: "read a payload", file: file, reason: .corrupt,
        detail: "it has \(status.st_size) bytes, but was written with \(size)")
    }
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
        if got > 0 {
          count += got
        } else if got == 0 {
          break
        } else if errno != EINTR {
          throw Self.unreadable(file, errno)
        }
      }
    }
  }

  /// A file that can't be read is damage of its own, and says nothing of the others; unless we are short of
  /// something.
  private static func unreadable(_ file: String, _ code: Int32) -> StoreError {
    var error = StoreError("read a payload", in: file, errno: code)
    if ![EMFILE, ENFILE, ENOMEM].contains(code) { error.reason = .corrupt }
    return error
  }

  /// Removes a file; one that is gone already, or that can't be removed now, is an orphan for the next start.
  func remove(_ name: String) {
    guard !removals.putOff(name) else { return }
    unlink("\(path)/\(name)")
  }

  /// Lets no file be removed while `body` works: what shall go, goes afterwards.
  func keepingAll<Value>(_ body: () async throws -> Value) async throws -> Value {
    removals.begin()
    defer { removals.end().forEach(remove) }
    return try await body()
  }

  /// Removes every file that is not `named`.
  /// - Returns: how many were removed.
  @discardableResult func removeOrphans(named: Set<String>) throws -> Int {
    let orphans = try names().filter { !named.contains($0) }
    orphans.forEach(remove)
    return orphans.count
  }

  /// Returns the names of all files.
  func names() throws -> [String] {
    guard let directory = opendir(path) else { throw StoreError("list the payloads", in: path, errno: errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Returns what all files take together.
  func size() throws -> Bytes {
    try names().reduce(.zero) { sum, name in
      var status = stat()
      // One that goes meanwhile takes nothing.
      return stat("\(path)/\(name)", &status) == 0 ? sum + Bytes(Int64(status.st_size)) : sum
    }
  }

  /// Copies a file into another directory, synced to the disk.
  /// - Returns: how large it is.
  func copy(_ name: String, to other: BlobDirectory) throws -> Bytes {
    let (from, target) = ("\(path)/\(name)", "\(other.path)/\(name)")
    let source = open(from, O_RDONLY | O_CLOEXEC)
    guard source >= 0 else { throw StoreError("read a payload", in: from, errno: errno) }
    defer { close(source) }
    let copy = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard copy >= 0 else { throw StoreError("make a payload file", in: target, errno: errno) }
    defer { close(copy) }
    var size: Int64 = 0
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = Glibc.read(source, &buffer, buffer.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw StoreError("read a payload", in: from, errno: errno)
      }
      try Self.write(buffer[..<count], to: copy, file: target)
      size += Int64(count)
    }
    guard fsync(copy) == 0 else { throw StoreError("sync a payload file", in: target, errno: errno) }
    return Bytes(size)
  }

  /// Makes the directory (mode 0700) if it is not there.
  func make() throws {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw StoreError("make the directory for payloads", in: path, errno: errno)
    }
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, file: String) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count >= 0 {
          rest = rest.dropFirst(count)
        } else if errno != EINTR {
          throw StoreError("write a payload file", in: file, errno: errno)
        }
      }
    }
  }

  /// The names of all files that rows name.
  static func names(onRecord db: Database) throws -> [String] {
    try String.fetchAll(db, sql: namesOnRecord)
  }

  static let namesOnRecord = """
    SELECT file FROM input WHERE file NOTNULL UNION ALL SELECT file FROM result WHERE file NOTNULL
    """

  /// Syncs a directory, so that names made or changed in it last.
  static func syncDirectory(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StoreError("open the directory", in: path, errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw StoreError("sync the directory", in: path, errno: errno) }
  }

  private static func randomName() -> String {
    (0..<2).map { _ in UInt64.random(in: .min ... .max).hexadecimal }.joined()
  }
}

/// Removals of files that are put off while all must stay.
private final class Removals: Sendable {
  private let state = Mutex((keepers: 0, names: [String]()))

  /// Returns whether a file stays for now.
  func putOff(_ name: String) -> Bool {
    state.withLock { state in
      if state.keepers > 0 { state.names.append(name) }
      return state.keepers > 0
    }
  }

  func begin() { state.withLock { $0.keepers += 1 } }

  /// Returns what may go now.
  func end() -> [String] {
    state.withLock { state in
      state.keepers -= 1
      guard state.keepers == 0 else { return [] }
      defer { state.names = [] }
      return state.names
    }
  }
}

/// The right to write: an exclusive `flock(2)` on a directory, which the kernel drops with the process.
final class WriterLock: Sendable {
  private let descriptor: Mutex<Int32?>

  /// Takes the lock; throws `locked` if somebody has it.
  init(directory: String) throws {
    let opened = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { throw StoreError("open the directory", in: directory, errno: errno) }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(opened)
      guard code == EWOULDBLOCK else { throw StoreError("lock the store", in: directory, errno: code) }
      throw StoreError(
        action: "open the store", file: directory, reason: .locked, detail: "another runner has it open")
    }
    descriptor = Mutex(opened)
  }

  /// Gives the lock back; a second call does nothing.
  func release() {
    descriptor.withLock { held in
      if let held { close(held) }
      held = nil
    }
  }

  deinit { release() }
}
