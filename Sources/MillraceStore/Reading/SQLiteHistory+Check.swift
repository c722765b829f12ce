import Dispatch
import GRDB
import Glibc
package import MillraceCore
import Synchronization

/// What a check of the whole record found.
package struct RecordCheck: Sendable, Equatable {
  /// What is damaged, a line each, up to ten of each kind; empty if nothing is.
  package var damages: [String] = []
  /// How many payload files rows name, and how many files no row names.
  package var files = 0
  package var orphans = 0
  /// What the pages of the database take.
  package var size = Bytes.zero
  /// Whether the time was up before SQLite had read every page.
  package var isCutShort = false

  package init() {}
}

extension SQLiteHistory {
  /// For how many seconds a file that no row names may belong to a transaction that is under way.
  private static let underWay = 60

  /// Reads every page and looks at everything in it, and at the payload files that rows name.
  ///
  /// It is `PRAGMA integrity_check` and `foreign_key_check` (<https://sqlite.org/pragma.html>): besides
  /// the form of the pages, that each index fits its table, and every NOT NULL. No CHECK: a connection that
  /// can't write does not load them; `ScheduleCheck` and `EventCheck` look at what matters of theirs. A
  /// runner may work meanwhile: it is neither disturbed nor waited for.
  /// After `time` it ends with nothing but that. Throws `StoreError`.
  package func check(within time: Duration) async throws -> RecordCheck {
    let files = try blobs.names()  // Before the rows are read: then a row names each that is under way.
    let (cutter, isLate) = cutter(after: time)
    defer { cutter.cancel() }
    do {
      var (check, named) = try await read("check the record") { db in
        var check = RecordCheck()
        let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        check.size = Bytes(pages * (try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 0))
        guard !isLate.withLock({ $0 }) else { throw DatabaseError(resultCode: .SQLITE_INTERRUPT) }
        let lines = try String.fetchAll(db, sql: "PRAGMA integrity_check(10)")
        check.damages = lines == ["ok"] ? [] : lines
        for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").prefix(10) {
          let (table, parent): (String, String) = (row[0], row[2])
          check.damages.append("a row of `\(table)` belongs to none of `\(parent)`")
        }
        if check.damages.isEmpty {
          check.damages =
            try ScheduleCheck(db: db).damages() + EventCheck(db: db).damages()
            + TransitionRows.damages(in: db)
        }
        return (check, Set(try BlobDirectory.names(onRecord: db)))
      }
      try await addFiles(files, named: named, to: &check)
      return check
    } catch let error as StoreError {
      guard isLate.withLock({ $0 }) else { throw error }
      var check = RecordCheck()
      check.isCutShort = true
      return check
    }
  }

  /// Interrupts what is read when the time is up.
  private func cutter(after time: Duration) -> (any DispatchSourceTimer, Shared<Bool>) {
    let isLate = Shared(time <= .zero)
    let timer = DispatchSource.makeTimerSource()
    // Again and again: an interruption between two statements stops none.
    let start = DispatchTime.now() + .milliseconds(Int(clamping: time.milliseconds))
    timer.schedule(deadline: start, repeating: .milliseconds(100))
    timer.setEventHandler { [reader] in
      isLate.withLock { $0 = true }
      reader.interrupt()
    }
    timer.resume()
    return (timer, isLate)
  }

  private func addFiles(_ found: [String], named: Set<String>, to check: inout RecordCheck) async throws {
    check.files = named.count
    let missing = named.filter { access("\(blobs.path)/\($0)", F_OK) != 0 }
    if !missing.isEmpty {
      // A job that was deleted meanwhile has taken its file with it.
      let still = Set(try await read("check the record") { try BlobDirectory.names(onRecord: $0) })
      for name in missing.sorted().filter(still.contains).prefix(10) {
        check.damages.append("the payload file `\(blobs.path)/\(name)` is gone")
      }
    }
    let now = time(nil)
    check.orphans = found.count { name in
      var status = stat()
      return !named.contains(name) && stat("\(blobs.path)/\(name)", &status) == 0
        && now - status.st_mtim.tv_sec > Self.underWay
    }
  }
}

/// A value that several threads share.
private final class Shared<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    value.withLock { value in body(&value) }
  }
}
