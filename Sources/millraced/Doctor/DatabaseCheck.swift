import Glibc
import MillraceCore
import MillraceStore

/// Can the record be read, and is it whole?
struct DatabaseCheck: Check {
  let name = "database"
  let file: String
  /// How long it may take to read everything.
  var time = Self.usualTime
  /// Whether a runner works on it meanwhile.
  var isRunnerThere = false

  static let usualTime = Duration.seconds(30)

  func finding() async -> Finding {
    guard access(file, F_OK) == 0 || errno != ENOENT else { return ok("none yet, made at the first start") }
    do {
      let history = try SQLiteHistory(opening: file)
      let check = try await history.check(within: time)
      try history.close()
      return finding(of: check)
    } catch let error as StoreError {
      return failure("`\(file)`: \(error.detail)", mend: error.reason == .corrupt ? Self.rescue(file) : [])
    } catch {
      return failure("`\(file)`: \(error)")
    }
  }

  func finding(of check: RecordCheck) -> Finding {
    if let first = check.damages.first {
      let more = check.damages.count > 1 ? ", and \(check.damages.count - 1) more" : ""
      return failure("`\(file)` is damaged: \(first)\(more)", mend: Self.rescue(file))
    }
    if check.isCutShort {
      return warning(
        "`\(file)` is too large to be read whole within \(time.text); nothing was found till then",
        mend: ["millraced doctor --check-time 1h"])
    }
    var text = "`\(file)` is whole: \(check.size), \(check.files) payload files"
    if isRunnerThere { text += ", while the runner works on it" }
    if check.orphans > 0 { text += "; \(check.orphans) files more go at the next start" }
    return ok(text)
  }

  private static func rescue(_ file: String) -> [String] {
    [
      "cp -a \(quoted(file)) \(quoted(file + ".damaged"))",
      "sqlite3 \(quoted(file + ".damaged")) .recover | sqlite3 \(quoted(file + ".new"))",
      "mv \(quoted(file + ".new")) \(quoted(file))",
    ]
  }
}
