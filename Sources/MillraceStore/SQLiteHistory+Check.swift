import GRDB

extension SQLiteHistory {
  /// Reads every page and index once (`PRAGMA quick_check`,
  /// <https://sqlite.org/pragma.html#pragma_quick_check>).
  ///
  /// - Returns: what SQLite finds wrong, up to ten lines; empty if the file is sound.
  package func damages() async throws -> [String] {
    let lines = try await read("check the pages") { db in
      try String.fetchAll(db, sql: "PRAGMA quick_check(10)")
    }
    return lines == ["ok"] ? [] : lines
  }
}
