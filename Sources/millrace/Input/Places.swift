import Glibc

/// Where the runner's socket and its record are if nobody says.
struct Places: Equatable {
  /// The socket of the machine's own runner.
  static let systemSocket = "/run/millrace/millrace.sock"

  let socket: String
  let state: String

  /// Works them out for a user with an environment: root has `/run` and `/var/lib`, others their own.
  init(uid: UInt32, environment: (String) -> String?) {
    func value(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
    if uid == 0 {
      socket = Self.systemSocket
      state = "/var/lib/millrace"
    } else {
      socket = (value("XDG_RUNTIME_DIR") ?? "/run/user/\(uid)") + "/millrace/millrace.sock"
      state = (value("XDG_STATE_HOME") ?? (value("HOME") ?? "") + "/.local/state") + "/millrace"
    }
  }

  /// The places of whoever runs this process.
  static var current: Places {
    Places(uid: getuid()) { name in getenv(name).map { String(cString: $0) } }
  }

  /// Returns a variable of the environment; nil if it is not set or empty.
  static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Whether the terminal, if there is one, can write elsewhere than at the end.
  static var hasCursor: Bool { !["dumb", nil].contains(environment("TERM")) }

  /// The directory that this program is in; nil if it can't be told.
  static var programDirectory: String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return nil }
    let program = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return program.lastIndex(of: "/").map { String(program[..<$0]) }
  }

  /// Whether something has this path.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
