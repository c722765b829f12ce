import Glibc

/// The program `millraced`, for commands that it knows how to carry out.
enum RunnerProgram {
  /// Goes on as `millraced` with these words.
  /// - Throws: `CommandError` if there is none.
  static func take(over words: [String]) throws -> Never {
    var argv: [UnsafeMutablePointer<CChar>?] = (["millraced"] + words).map { strdup($0) }
    argv.append(nil)
    // Ignored signals stay ignored after `execve`.
    signal(SIGPIPE, SIG_DFL)
    if let beside = pathBeside() { execv(beside, &argv) }
    execvp("millraced", &argv)
    let reason = String(cString: strerror(errno))
    throw CommandError(
      .failure, "cannot start `millraced`: \(reason)",
      hint: "it lies beside `millrace` in an installation; put its directory into PATH")
  }

  /// Returns the path of the `millraced` that lies beside this program; nil if there is none.
  private static func pathBeside() -> String? {
    guard let path = Places.programDirectory.map({ $0 + "/millraced" }) else { return nil }
    return access(path, X_OK) == 0 ? path : nil
  }
}
