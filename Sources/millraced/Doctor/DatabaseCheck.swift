import Glibc
import MillraceStore

/// Can the record be read, and is it whole?
struct DatabaseCheck: Check {
  let name = "database"
  let file: String

  func finding() async -> Finding {
    guard access(file, F_OK) == 0 || errno != ENOENT else { return ok("none yet, made at the first start") }
    do {
      let history = try SQLiteHistory(opening: file)
      let damages = try await history.damages()
      try history.close()
      guard let first = damages.first else { return ok("`\(file)` is whole") }
      return failure("`\(file)` is damaged: \(first)", mend: Self.rescue(file))
    } catch let error as StoreError {
      return failure("`\(file)`: \(error.detail)", mend: error.reason == .corrupt ? Self.rescue(file) : [])
    } catch {
      return failure("`\(file)`: \(error)")
    }
  }

  private static func rescue(_ file: String) -> [String] {
    [
      "cp -a \(quoted(file)) \(quoted(file + ".damaged"))",
      "sqlite3 \(quoted(file + ".damaged")) .recover | sqlite3 \(quoted(file + ".new"))",
      "mv \(quoted(file + ".new")) \(quoted(file))",
    ]
  }
}
