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
  /// Whether `make install` or a package put the program there: then the others are not beside it.
  var isInstalled = false

  /// Makes the surroundings of this process.
  static func current() -> Surroundings {
    let names = ["XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"]
    var variables: [String: String] = [:]
    for name in names {
      // A path that is not absolute is to be ignored, says the specification.
      if let value = Self.variable(name), value.hasPrefix("/") { variables[name] = value }
    }
    let directory = Self.directoryOfThisProgram
    return Surroundings(
      isRoot: geteuid() == 0, user: geteuid(), home: variable("HOME") ?? Self.homeOnRecord ?? "/",
      variables: variables, programDirectory: directory,
      isInstalled: directory.hasSuffix("/bin") && access(directory + "/millrace-host", F_OK) != 0)
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
  var usualFile: String { configurationDirectory + "/millrace.yaml" }

  /// The directory that the installation is in: `/usr`.
  private var prefix: String { String(programDirectory.dropLast("/bin".count)) }

  /// The program that starts the jobs.
  var host: String {
    isInstalled ? prefix + "/lib/millrace/millrace-host" : programDirectory + "/millrace-host"
  }

  /// The files of the dashboard.
  var dashboard: String {
    isInstalled ? prefix + "/share/millrace/dashboard" : programDirectory + "/dashboard"
  }

  /// The plugins that came with the programs.
  var shippedPlugins: String { isInstalled ? prefix + "/lib/millrace/plugins" : programDirectory }

  /// The directory of the usual configuration, schedules and calendars.
  var configurationDirectory: String {
    isRoot ? "/etc/millrace" : directory("XDG_CONFIG_HOME", ".config") + "/millrace"
  }

  /// The directory of all programs' settings of this user.
  var configurationHome: String { directory("XDG_CONFIG_HOME", ".config") }

  private func directory(_ variable: String, _ fallback: String) -> String {
    variables[variable] ?? "\(home)/\(fallback)"
  }
}

extension Configuration {
  /// Returns the defaults.
  static func standard(in surroundings: Surroundings) -> Configuration {
    let (host, dashboard) = (surroundings.host, surroundings.dashboard)
    let directory = surroundings.configurationDirectory
    let (schedules, calendars) = (directory + "/schedules.d", directory + "/calendars")
    if surroundings.isRoot {
      return Configuration(
        state: "/var/lib/millrace",
        plugins: surroundings.isInstalled ? surroundings.shippedPlugins : "/usr/lib/millrace/plugins",
        schedules: schedules, calendars: calendars, socket: "/run/millrace/millrace.sock", host: host,
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
