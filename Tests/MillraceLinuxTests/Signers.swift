import FoundationEssentials
import Glibc
import TestSupport

@testable import MillraceLinux

/// People with keys, and the list of those of them who may sign.
struct Signers {
  /// Where the keys are.
  let directory: String
  /// The path of the list.
  let list: String

  /// Makes keys; nobody may sign yet.
  init(_ names: String..., in directory: String) throws {
    self.directory = directory + "/keys"
    list = directory + "/trust/allowed"
    for name in ["keys", "trust"] { mkdir("\(directory)/\(name)", 0o755) }
    for name in names {
      try keygen(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", "\(self.directory)/\(name)"])
    }
  }

  @discardableResult
  private func keygen(_ words: [String], input: Data = Data()) throws -> String {
    let run = try TestProcess("/usr/bin/ssh-keygen", words, input: input).end()
    guard run.status == 0 else { throw TestFailure("ssh-keygen: \(run.errors)") }
    return run.output
  }

  /// Writes the list anew, whole.
  func allow(_ names: String...) throws {
    let lines = try names.map { name in
      "\(name)@example.org "
        + (try String(contentsOf: URL(filePath: "\(directory)/\(name).pub"), encoding: .utf8))
    }
    try put(lines.joined(), at: list)
  }

  /// Returns the signature of a text by somebody.
  func signature(of text: String, by name: String) throws -> String {
    try keygen(
      ["-q", "-Y", "sign", "-f", "\(directory)/\(name)", "-n", "millrace-plugin"], input: Data(text.utf8))
  }

  /// Puts a file there whole.
  func put(_ text: String, at path: String) throws {
    let staged = directory + "/staged"
    try Data(text.utf8).write(to: URL(filePath: staged))
    chmod(staged, 0o644)
    try checkErrno(rename(staged, path), "put `\(path)` in place")
  }
}
