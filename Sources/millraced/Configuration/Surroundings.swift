import Glibc

/// What the defaults depend on: who starts the runner, and where.
struct Surroundings: Sendable, Equatable {
  var isRoot: Bool
  var user: UInt32
  var home: String
  /// `XDG_STATE_HOME`, `XDG_DATA_HOME`, `XDG_CONFIG_HOME` and `XDG_RUNTIME_DIR`, as far as they are set.
  /// Source: https://specifications.freedesktop.org/basedir-spec/latest/
  var variables: [String: String]
  /// The directory of the program.
  var programDirectory: String

  /// Makes the surroundings of this process.
  static func current() -> Surroundings {
    let names = ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"]
    var variables: [String: String] = [:]
    for name in names {
      // A path that is not absolute is to be ignored, says the specification.
      if let value = Self.variable(name), value.hasPrefix("/") { variables[name] = value }
    }
    return Surroundings(
      isRoot: geteuid() == 0, user: geteuid(), home: variable("HOME") ?? Self.homeOnRecord ?? "/",
      variables: variables, programDirectory: Self.directoryOfThisProgram)
  }

  /// Returns a variable of this process; nil if it is not set.
  static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  private static var homeOnRecord: String? {
    guard let entry = getpwuid(geteuid()), let directory = entry.pointee.pw_dir else { return nil }
    return String(cString: directory)
  }

  private static var directoryOfThisProgram: String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    precondition(count > 0, "/proc is mounted wherever Linux runs programs")
    let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
  }

  /// The file that is read if none is named, and that need not be there.
  var usualFile: String {
    isRoot ? "/etc/millrace.yaml" : directory("XDG_CONFIG_HOME", ".config") + "/millrace/millrace.yaml"
  }

  /// The directory of the usual schedules and calendars.
  var configurationDirectory: String {
    isRoot ? "/etc/millrace" : directory("XDG_CONFIG_HOME", ".config") + "/millrace"
  }

  private func directory(_ variable: String, _ fallback: String) -> String {
    variables[variable] ?? "\(home)/\(fallback)"
  }
}

extension Configuration {
  /// Returns the defaults.
  static func standard(in surroundings: Surroundings) -> Configuration {
    let host = surroundings.programDirectory + "/millrace-host"
    let dashboard = surroundings.programDirectory + "/dashboard"
    let directory = surroundings.configurationDirectory
    let (schedules, calendars) = (directory + "/schedules.d", directory + "/calendars")
    if surroundings.isRoot {
      return Configuration(
        state: "/var/lib/millrace", plugins: "/usr/lib/millrace/plugins", schedules: schedules,
        calendars: calendars, socket: "/run/millrace/millrace.sock", host: host,
        dashboard: dashboard)
    }
    let runtime = surroundings.variables["XDG_RUNTIME_DIR"] ?? "/run/user/\(surroundings.user)"
    let state = surroundings.variables["XDG_STATE_HOME"] ?? "\(surroundings.home)/.local/state"
    let data = surroundings.variables["XDG_DATA_HOME"] ?? "\(surroundings.home)/.local/share"
    return Configuration(
      state: "\(state)/millrace", plugins: "\(data)/millrace/plugins", schedules: schedules,
      calendars: calendars, socket: "\(runtime)/millrace/millrace.sock", host: host,
      dashboard: dashboard)
  }
}
