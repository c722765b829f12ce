import Dispatch
import GRDB
import Glibc
import MillraceCore
import MillraceEngine

/// A copy of the record at one moment, in a directory of its own.
///
/// It is made under another name and moved into place when all of it is on the disk, so that what has the
/// real name is whole.
struct RecordBackup: Sendable {
  let pool: DatabasePool
  /// The path of the database.
  let file: String
  /// Its payload files; none may go meanwhile.
  let blobs: BlobDirectory
  /// The directory to make.
  let target: String

  /// How many pages are copied at a time: 4 MiB.
  static let pagesPerStep: CInt = 1024

  private var draft: String { target + ".partial" }

  /// Makes the copy, on a thread that may wait for the disk.
  func run() async throws -> BackupReport {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Result { try make() }) }
    }
  }

  private func make() throws -> BackupReport {
    try demandNothing(at: target)
    guard mkdir(draft, 0o700) == 0 else {
      guard errno == EEXIST else { throw StoreError("make a backup", in: draft, errno: errno) }
      throw StoreError(
        action: "make a backup", file: draft, reason: .unfit,
        detail: "another backup to this name is under way, or was when a runner died; it may be removed then")
    }
    do {
      let report = try fill()
      try demandNothing(at: target)
      guard rename(draft, target) == 0 else { throw StoreError("make a backup", in: target, errno: errno) }
      try BlobDirectory.syncDirectory(DatabaseFile(path: target).directory)
      return report
    } catch {
      clear()
      throw StoreError("make a backup", in: target, cause: error)
    }
  }

  private func fill() throws -> BackupReport {
    let copy = DatabaseFile(path: "\(draft)/\(DatabaseFile(path: file).name)")
    try copy.blobs.make()
    let descriptor = open(copy.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StoreError("make a backup", in: copy.path, errno: errno) }
    defer { close(descriptor) }
    let names = try copyDatabase(to: copy.path)
    guard fsync(descriptor) == 0 else { throw StoreError("sync the backup", in: copy.path, errno: errno) }
    var payloads = Bytes.zero
    for name in names { payloads = payloads + (try blobs.copy(name, to: copy.blobs)) }
    // As a state directory has to be: jobs pass through it to theirs.
    guard chmod(draft, 0o711) == 0 else { throw StoreError("make a backup", in: draft, errno: errno) }
    for directory in [copy.blobs.path, draft] { try BlobDirectory.syncDirectory(directory) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw StoreError("make a backup", in: copy.path, errno: errno)
    }
    return BackupReport(
      directory: target, database: Bytes(Int64(status.st_size)), files: names.count, payloads: payloads)
  }

  /// Copies the database as one read transaction sees it, and looks whether the copy is sound.
  /// - Returns: the payload files that it names.
  private func copyDatabase(to path: String) throws -> [String] {
    let queue = try DatabaseQueue(path: path)
    let names = try queue.writeWithoutTransaction { copy in
      // Everything is read in one transaction: a commit meanwhile neither shows nor makes it begin anew.
      try pool.read { db in
        try db.backup(to: copy, pagesPerStep: Self.pagesPerStep)
        return try BlobDirectory.names(onRecord: db)
      }
    }
    let verdict = try queue.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") ?? "no answer" }
    guard verdict == "ok" else {
      throw StoreError(
        action: "make a backup", file: path, reason: .corrupt, detail: "SQLite's check says: \(verdict)")
    }
    try queue.close()
    return names
  }

  private func demandNothing(at path: String) throws {
    var status = stat()
    guard lstat(path, &status) != 0 else {
      throw StoreError(
        action: "make a backup", file: path, reason: .unfit, detail: "something has this name already")
    }
    guard errno == ENOENT else { throw StoreError("make a backup", in: path, errno: errno) }
  }

  /// Removes what was made so far; what can't be removed is told by its name.
  private func clear() {
    let copy = DatabaseFile(path: "\(draft)/\(DatabaseFile(path: file).name)")
    // An error on the way is the one that is told.
    for name in (try? copy.blobs.names()) ?? [] { copy.blobs.remove(name) }
    rmdir(copy.blobs.path)
    for suffix in ["", "-journal", "-wal", "-shm"] { unlink(copy.path + suffix) }
    rmdir(draft)
  }
}
