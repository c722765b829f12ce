import Glibc

/// What languages are built with on this machine.
enum Toolchain {
  struct IsMissing: Error, CustomStringConvertible {
    var description: String
  }

  /// The programs that each language needs.
  private static let programs = [
    "swift": ["swift", "make", "cc"], "c": ["cc", "make"], "cpp": ["cc", "c++", "make"],
    "rust": ["cargo", "cc", "make"], "go": ["go", "cc", "make"], "python": ["python3", "make"],
    "sh": ["bash"],
  ]

  /// Tells whether there is what a language needs; if not, says so where one reads the tests' output.
  ///
  /// Rust is no package that `etc/setup.sh` installs, so its absence alone is no failure, unless
  /// MILLRACE_REQUIRE_TOOLCHAINS is 1.
  /// - Parameters:
  ///   - language: as `--lang` has it.
  ///   - what: what is left out then.
  /// - Returns: whether it is there.
  /// - Throws: `IsMissing` if a language must be there and is not.
  static func isThere(for language: String, _ what: String) throws -> Bool {
    let missing = (programs[language] ?? []).filter { !isInPath($0) }
    guard !missing.isEmpty else { return true }
    let words = "\(what) in \(language) was NOT built: there is no \(missing.joined(separator: ", "))"
    let isRequired = getenv("MILLRACE_REQUIRE_TOOLCHAINS").map { String(cString: $0) } == "1"
    guard language == "rust", !isRequired else { throw IsMissing(description: words) }
    print(words)
    return false
  }

  private static func isInPath(_ program: String) -> Bool {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
  }
}
