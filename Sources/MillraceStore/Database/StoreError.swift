import GRDB
import Glibc
package import MillraceEngine

/// What went wrong with the record of jobs: what was being done, to which file, why, and what helps.
package struct StoreError: Error, Equatable, Sendable {
  /// Why it went wrong.
  package enum Reason: Equatable, Sendable {
    /// There is no such file.
    case missing
    /// The file is no SQLite database, or is one of another program.
    case notOurs
    /// The database is damaged or cut short, or a file that it names is.
    case corrupt
    /// The disk, a quota or a size limit is used up.
    case diskFull
    /// The file, its directory or its file system can't be written.
    case readOnly
    /// The file may not be opened by this user.
    case notPermitted
    /// A newer Millrace made the database.
    case newerSchema
    /// The database was never finished, or an older Millrace made it and the runner has not met it since.
    case olderSchema
    /// Another runner or program holds the database.
    case locked
    /// A job or an attempt is not in the state that a change needs, or is not there at all.
    case wrongState
    /// What was to be written can't be stored.
    case unfit
    /// Anything else; the detail says what.
    case other
  }

  /// What was being done: `accept 3 jobs`.
  package var action: String
  /// The file that it was done to.
  package var file: String
  package var reason: Reason
  /// Why, in one line; the words of SQLite or the kernel come last.
  package var detail: String

  /// Makes an error.
  package init(action: String, file: String, reason: Reason, detail: String) {
    self.action = action
    self.file = file
    self.reason = reason
    self.detail = detail
  }

  /// What the operator can do about it.
  package var hint: String {
    switch reason {
    case .missing: "check the state directory; `millraced` makes the database at its first start"
    case .notOurs: "check the state directory; this file was not touched"
    case .corrupt:
      "nothing was changed; stop the runner (its jobs go on), keep a copy of the state directory, then do "
        + "what `millrace doctor` says"
    case .diskFull: "free some space and try again; what was committed before is safe"
    case .readOnly:
      "check that the file system is mounted read-write and the runner's user owns the directory"
    case .notPermitted: "run this as root or as the runner's user"
    case .newerSchema: "use the newer Millrace that made it; this build has not touched the database"
    case .olderSchema: "start `millraced` once: it brings the database up to date"
    case .locked: "stop the other runner or the program that has the database open, then try again"
    case .wrongState, .unfit:
      "nothing was written; after a restart the runner goes by the record (jobs go on); please report this"
    case .other: "nothing was written; `millrace doctor` shows the state of the disk"
    }
  }
}

extension StoreError: CustomStringConvertible {
  package var description: String { "\(message)\n\nhint: \(hint)" }
}

extension StoreError: StorageFailure {
  package var message: String { "cannot \(action) in `\(file)`: \(detail)" }

  package var kind: StorageFailureKind {
    switch reason {
    case .diskFull, .readOnly, .notPermitted, .locked, .other: .passing
    case .missing, .notOurs, .corrupt, .newerSchema, .olderSchema: .lasting
    case .wrongState, .unfit: .mistake
    }
  }
}

extension StoreError {
  /// Makes the error of something that was thrown while `action` was done; an error of ours stays as it is.
  init(_ action: String, in file: String, cause: any Error) {
    if let known = cause as? StoreError {
      self = known
    } else if let error = cause as? DatabaseError {
      let reason = Self.reason(of: error, on: file)
      let words = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
      self.init(action: action, file: file, reason: reason, detail: words)
    } else if cause is EncodingError {
      self.init(action: action, file: file, reason: .unfit, detail: "\(cause)")
    } else {
      self.init(action: action, file: file, reason: .other, detail: "\(cause)")
    }
  }

  /// Makes the error of something that went wrong with a database that was ours when it was opened.
  init(_ action: String, inOpened file: String, cause: any Error) {
    self.init(action, in: file, cause: cause)
    if reason == .notOurs { reason = .corrupt }
  }

  /// Makes the error of a failed system call on `file`.
  init(_ action: String, in file: String, errno code: Int32) {
    let reason: Reason =
      switch code {
      case ENOENT: .missing
      case ENOSPC, EDQUOT, EFBIG: .diskFull
      case EROFS: .readOnly
      case EACCES, EPERM: .notPermitted
      case EWOULDBLOCK: .locked
      default: .other
      }
    self.init(action: action, file: file, reason: reason, detail: String(cString: strerror(code)))
  }

  /// Reads SQLite's result code (<https://sqlite.org/rescode.html>).
  private static func reason(of error: DatabaseError, on file: String) -> Reason {
    switch error.resultCode {
    case .SQLITE_FULL: .diskFull
    case .SQLITE_IOERR, .SQLITE_CANTOPEN:
      // A full disk also shows as a failed write to the shared-memory file, which SQLite calls an I/O error.
      if hasNoSpace(file) {
        .diskFull
      } else if access(file, R_OK) != 0, errno == EACCES {
        .notPermitted
      } else {
        .other
      }
    case .SQLITE_CORRUPT: .corrupt
    case .SQLITE_NOTADB: .notOurs
    case .SQLITE_READONLY: .readOnly
    case .SQLITE_PERM, .SQLITE_AUTH: .notPermitted
    case .SQLITE_BUSY, .SQLITE_LOCKED: .locked
    case .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH: .unfit
    default: .other
    }
  }

  /// Returns whether the file system of `file` has less than two database pages left for this process.
  private static func hasNoSpace(_ file: String) -> Bool {
    var status = statvfs()
    guard statvfs(file, &status) == 0 else { return false }
    return UInt64(status.f_bavail) * UInt64(status.f_frsize) < 8192
  }
}
