/// What one check found.
struct Finding: Sendable, Equatable, Encodable {
  /// How good it is.
  enum Status: String, Sendable, Encodable, CaseIterable {
    /// As it should be.
    case ok
    /// It works, but something is missing or will go wrong.
    case warning
    /// The runner or its jobs can't work so.
    case failure
  }

  /// The check's name.
  var check: String
  var status: Status
  /// What was found, in one sentence.
  var found: String
  /// The commands that mend it, in order; empty if there is nothing to mend.
  var mend: [String] = []
}

/// One thing to look at. It changes nothing on the machine.
protocol Check: Sendable {
  /// One word or two, as the table shows it.
  var name: String { get }
  /// Looks, and tells.
  func finding() async -> Finding
}

extension Check {
  func ok(_ found: String) -> Finding { Finding(check: name, status: .ok, found: found) }

  func warning(_ found: String, mend: [String] = []) -> Finding {
    Finding(check: name, status: .warning, found: found, mend: mend)
  }

  func failure(_ found: String, mend: [String] = []) -> Finding {
    Finding(check: name, status: .failure, found: found, mend: mend)
  }
}

/// Puts a path into a command so that the shell takes it as one word.
func quoted(_ path: String) -> String {
  let plain = path.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "/._-+:@%".utf8.contains(byte)
    }
  }
  if plain, !path.isEmpty { return path }
  return "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
