import Foundation
import GRDB
import GRDBSQLite

extension Statement {
  /// Runs a statement that changes rows, with values for its marks in their order.
  ///
  /// The same as `execute(arguments:)`, which makes two more arrays of them before they are bound: a job has
  /// sixty.
  /// - Throws: `DatabaseError`; SQLITE_MISUSE if there are more or fewer values than marks.
  func run(_ values: [(any DatabaseValueConvertible)?]) throws {
    guard values.count == Int(sqlite3_bind_parameter_count(sqliteStatement)) else {
      throw DatabaseError(
        resultCode: .SQLITE_MISUSE, message: "wrong number of values: \(values.count)", sql: sql)
    }
    setUncheckedArguments([])
    for (index, value) in zip(Int32(1)..., values) {
      let code = value.map { bind($0.databaseValue, at: index) } ?? SQLITE_OK  // NULL is bound already.
      guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code), sql: sql) }
    }
    try execute()
  }

  /// Binds a value, of which SQLite makes a copy. Returns SQLite's code.
  private func bind(_ value: DatabaseValue, at index: Int32) -> Int32 {
    let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)  // SQLITE_TRANSIENT, a cast in C.
    switch value.storage {
    case .null: return SQLITE_OK
    case .int64(let number): return sqlite3_bind_int64(sqliteStatement, index, number)
    case .double(let number): return sqlite3_bind_double(sqliteStatement, index, number)
    case .string(var text):
      return text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          // Without a pointer it would be NULL.
          $0.isEmpty
            ? sqlite3_bind_text(sqliteStatement, index, "", 0, copied)
            : sqlite3_bind_text(sqliteStatement, index, $0.baseAddress, Int32($0.count), copied)
        }
      }
    case .blob(let data):
      return data.withUnsafeBytes {
        $0.isEmpty
          ? sqlite3_bind_zeroblob(sqliteStatement, index, 0)
          : sqlite3_bind_blob64(sqliteStatement, index, $0.baseAddress, UInt64($0.count), copied)
      }
    }
  }
}
