import ArgumentParser
import Glibc

/// `millrace doctor`: hands over to `millraced doctor`, which knows the machine.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check this machine for what the runner needs, and say what mends it.",
    discussion: """
      examples:
        millrace doctor
        millrace doctor -o json

      All arguments go to `millraced doctor`.
      """)

  @Argument(parsing: .captureForPassthrough, help: "Arguments of `millraced doctor`.")
  var arguments: [String] = []

  func run() throws {
    let words = ["millraced", "doctor"] + arguments
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    argv.append(nil)
    // Ignored signals stay ignored after `execve`.
    signal(SIGPIPE, SIG_DFL)
    if let beside = Self.pathBeside() { execv(beside, &argv) }
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
