import CFaultyDisk
import GRDB

/// A disk that fails on demand, under every database that is opened after `install`.
///
/// There is one plan for the whole process: tests that use it are in one serialised suite.
enum FaultyDisk {
  /// A call that fails, and how.
  struct Fault: Sendable, CustomStringConvertible {
    var calls: Int32
    var code: ResultCode
    /// How many calls in a row fail; below 0 for all.
    var count: Int64 = -1

    var description: String { "\(code) in calls \(calls)" }

    static let full = Fault(calls: Int32(FAULTY_DISK_WRITE), code: .SQLITE_FULL)
    static let badWrite = Fault(calls: Int32(FAULTY_DISK_WRITE), code: .SQLITE_IOERR_WRITE)
    static let badSync = Fault(calls: Int32(FAULTY_DISK_SYNC), code: .SQLITE_IOERR_FSYNC)
    static let badRead = Fault(calls: Int32(FAULTY_DISK_READ), code: .SQLITE_IOERR_READ)
    static let badTruncate = Fault(calls: Int32(FAULTY_DISK_TRUNCATE), code: .SQLITE_IOERR_TRUNCATE)
    static let badMemory = Fault(calls: Int32(FAULTY_DISK_MEMORY), code: .SQLITE_IOERR_SHMMAP)
    static let busy = Fault(calls: Int32(FAULTY_DISK_LOCK), code: .SQLITE_BUSY)

    static let all = [full, badWrite, badSync, badRead, badTruncate, badMemory, busy]

    func once() -> Fault { Fault(calls: calls, code: code, count: 1) }
  }

  static func install() { precondition(faulty_disk_install() == 0, "SQLite takes no other VFS") }

  /// Lets calls on files whose paths begin with `prefix` fail, after so many that pass.
  static func fail(_ prefix: String, by fault: Fault, after: Int64 = 0) {
    faulty_disk_arm(prefix, fault.calls, after, fault.count, fault.code.rawValue, 0)
  }

  /// Lets every read of a file bring other bytes.
  static func garble(_ prefix: String) {
    faulty_disk_arm(prefix, Int32(FAULTY_DISK_READ), 0, -1, 0, 1)
  }

  /// How many calls failed so far.
  static var failures: Int { Int(faulty_disk_failed()) }

  /// Lets nothing fail any more; returns how many calls failed.
  @discardableResult static func mend() -> Int { Int(faulty_disk_disarm()) }
}
