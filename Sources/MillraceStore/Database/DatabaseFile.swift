import GRDB
import Glibc
import MillraceCore

/// The database on disk: how it is made, checked and opened.
struct DatabaseFile: Sendable {
  /// Its absolute path.
  let path: String
  /// How long to wait for another writer, in seconds.
  var patience = 5.0
  /// How many transitions are kept at most, and a row and `TransitionWriter.slack` more: some 100 MB.
  var keptTransitions: Int64 = 1_000_000

  /// A database of up to so many bytes is checked at each start for writing; that takes some 0.15 s.
  static let alwaysChecked: Int64 = 64 << 20
  /// One of up to so many bytes is checked after a runner did not close it (some 2 s). Beyond that
  /// a start would take too long; SQLite still notices most damage when it reads the page in question.
  static let checkedAfterCrash: Int64 = 1 << 30

  /// The writer's page cache in KiB: with SQLite's own 2 MiB a large commit writes pages twice.
  static let writerCache = 16384

  /// The directory beside it for large payloads.
  var blobs: BlobDirectory { BlobDirectory(path: directory + "/blobs") }

  /// Its name in that directory.
  var name: String { String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]) }

  /// The directory that it is in.
  var directory: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Opens it for the one writer; makes it first if it is not there. Nothing in a file that is not a sound
  /// database of ours is changed.
  func openForWriting() throws -> DatabasePool {
    try doing("open the database") {
      if try size() == nil { try make() }
      try checkAccess()
      try inspect(forWriting: true).close()
      let pool = try DatabasePool(path: path, configuration: configuration(readonly: false))
      try Schema.migrator.migrate(pool)
      // The pool itself sets `synchronous` to NORMAL after it has opened the file. With FULL a
      // commit is on the disk when it returns (https://sqlite.org/pragma.html#pragma_synchronous).
      try pool.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -\(Self.writerCache)")
      }
      return pool
    }
  }

  /// Opens it for reading, whether a runner has it open, has closed it or has died.
  func openForReading() throws -> DatabaseQueue {
    try doing("open the database") { try inspect(forWriting: false) }
  }

  private func configuration(readonly: Bool) -> Configuration {
    var configuration = Configuration()
    configuration.label = "millrace.store"
    configuration.readonly = readonly
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(patience)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { db in
      // A log that a long read let grow is cut back to this afterwards.
      if !readonly { try db.execute(sql: "PRAGMA journal_size_limit = 67108864") }
    }
    return configuration
  }

  /// Makes an empty database under another name and moves it into place, so that an empty or half-made file
  /// under the real name is always damage and never a first start that was interrupted.
  private func make() throws {
    guard try blobs.names().isEmpty, try size("-wal") ?? 0 == 0 else {
      throw StoreError(
        action: "make a database", file: path, reason: .corrupt,
        detail: "there is none, but its `-wal` file or the payloads in `\(blobs.path)` are still there")
    }
    let draft = path + ".new"
    unlink(draft)
    unlink(draft + "-journal")
    let descriptor = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StoreError("make the database", in: draft, errno: errno) }
    defer { close(descriptor) }
    do {
      let queue = try DatabaseQueue(path: draft, configuration: configuration(readonly: false))
      // Must be said before there is a table; free pages can be given back later, in slices.
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
      try Schema.migrator.migrate(queue)
      try queue.close()
      guard fsync(descriptor) == 0 else { throw StoreError("sync the database", in: draft, errno: errno) }
      guard rename(draft, path) == 0 else { throw StoreError("make the database", in: path, errno: errno) }
      try BlobDirectory.syncDirectory(directory)
    } catch {
      for leftover in [draft, draft + "-journal"] { unlink(leftover) }
      throw error
    }
  }

  /// Looks at the file without writing to it, and returns the connection that did.
  private func inspect(forWriting: Bool) throws -> DatabaseQueue {
    guard let size = try size() else {
      throw StoreError(
        action: "open the database", file: path, reason: .missing, detail: "there is no such file")
    }
    guard size > 0 else { throw damage("the file is empty") }
    guard access(path, R_OK) == 0 else { throw StoreError("open the database", in: path, errno: errno) }
    let wasClosed = try self.size("-wal") ?? 0 == 0
    let queue = try openReadOnly()
    try queue.read { db in
      try checkOwner(db)
      if !forWriting { try checkMigrations(db) }
      if forWriting, size <= (wasClosed ? Self.alwaysChecked : Self.checkedAfterCrash) { try checkPages(db) }
    }
    return queue
  }

  private func checkAccess() throws {
    guard access(path, W_OK) != 0 || access(directory, W_OK) != 0 else { return }
    let words = String(cString: strerror(errno))
    throw StoreError(action: "open the database", file: path, reason: .readOnly, detail: words)
  }

  private func checkOwner(_ db: Database) throws {
    guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
      throw StoreError(
        action: "open the database", file: path, reason: .notOurs,
        detail: "it is the database of another program")
    }
    let applied = try Schema.migrator.appliedIdentifiers(db)
    let newer = applied.subtracting(Schema.migrator.migrations)
    guard newer.isEmpty else {
      throw StoreError(
        action: "open the database", file: path, reason: .newerSchema,
        detail: "its schema has `\(newer.sorted().joined(separator: "`, `"))`, which this build does not know"
      )
    }
  }

  /// Only the one writer brings an older schema up to date.
  private func checkMigrations(_ db: Database) throws {
    guard try Schema.migrator.hasCompletedMigrations(db) else {
      throw StoreError(
        action: "open the database", file: path, reason: .olderSchema,
        detail: "its schema is older than this build")
    }
  }

  private func checkPages(_ db: Database) throws {
    let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
    guard verdict == "ok" else { throw damage("SQLite's check says: \(verdict)") }
  }

  private func damage(_ detail: String) -> StoreError {
    StoreError(action: "open the database", file: path, reason: .corrupt, detail: detail)
  }

  /// Opens a connection that can't write.
  ///
  /// Where nobody has the database open, SQLite makes its `-wal` and `-shm` files even for a reader. Where it
  /// may not (a read-only file system or directory) the file can be read as one that does not change: it
  /// holds every commit, if there is no log beside it (<https://sqlite.org/wal.html#read_only_databases>).
  private func openReadOnly() throws -> DatabaseQueue {
    do {
      let queue = try DatabaseQueue(path: path, configuration: configuration(readonly: true))
      _ = try queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") }
      return queue
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN {
      guard try size("-wal") ?? 0 == 0 else {
        throw StoreError(
          action: "open the database", file: path, reason: .readOnly,
          detail:
            "a runner left commits in `\(path)-wal`, and reading them needs a directory that can be written")
      }
      return try DatabaseQueue(path: immutableURI, configuration: configuration(readonly: true))
    }
  }

  /// The path as a URI (<https://sqlite.org/uri.html>).
  private var immutableURI: String {
    let plain = Set("/-_.~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    let escaped = path.utf8.map { byte in
      if plain.contains(byte) { return String(UnicodeScalar(byte)) }
      return "%" + byte.hexadecimal
    }
    return "file:\(escaped.joined())?immutable=1"
  }

  /// Returns the size of the file, or of the one beside it; nil if it is not there.
  private func size(_ suffix: String = "") throws -> Int64? {
    var status = stat()
    if stat(path + suffix, &status) == 0 { return Int64(status.st_size) }
    guard errno == ENOENT else { throw StoreError("open the database", in: path + suffix, errno: errno) }
    return nil
  }

  private func doing<Value>(_ action: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch { throw StoreError(action, in: path, cause: error) }
  }
}
