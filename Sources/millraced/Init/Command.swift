import Glibc

/// A program of the system that a set-up calls.
struct Command: Sendable {
  /// Its name and its arguments.
  let words: [String]

  /// As a shell takes it.
  var text: String { words.map { quoted($0) }.joined(separator: " ") }

  /// Runs it to its end; what it says goes where ours does.
  /// - Throws: `SetUpError` if it can't be started or fails.
  func run() throws {
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    defer { for word in argv { free(word) } }
    argv.append(nil)
    var child: pid_t = 0
    let code = posix_spawnp(&child, words[0], nil, nil, argv, environ)
    guard code == 0 else {
      throw SetUpError("run", text, String(cString: strerror(code)), hint: "install `\(words[0])`")
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard status != 0 else { return }
    let end = status & 0x7f == 0 ? "exit code \(status >> 8 & 0xff)" : "signal \(status & 0x7f)"
    throw SetUpError("run", text, "it ended with \(end)", hint: "its words are above")
  }
}
