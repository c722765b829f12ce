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
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return nil }
    let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let slash = own.lastIndex(of: "/") else { return nil }
    let path = own[...slash] + "millraced"
    return access(String(path), X_OK) == 0 ? String(path) : nil
  }
}
