import FoundationEssentials
import Logging
import MillraceCore
import Synchronization
import Yams

/// Reads the configuration from YAML: all mistakes are told at once, and then nothing of it is used.
struct ConfigurationReader {
  private var configuration: Configuration

  /// Reads a file.
  ///
  /// - Throws: `ConfigurationError`, also if the file is not there.
  static func read(file: String, over defaults: Configuration) throws -> Configuration {
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(filePath: file))
    } catch {
      let reason = (error as? CocoaError)?.code == .fileReadNoSuchFile ? "there is no such file" : "\(error)"
      throw ConfigurationError(file: file, mistakes: [.init(place: nil, message: reason)])
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(file: file, mistakes: [.init(place: nil, message: "this is no UTF-8 text")])
    }
    return try read(text, named: file, over: defaults)
  }

  /// Reads a text.
  ///
  /// - Throws: `ConfigurationError`.
  static func read(
    _ text: String, named file: String, over defaults: Configuration
  ) throws -> Configuration {
    let document = YAMLDocument()
    var reader = ConfigurationReader(configuration: defaults)
    if let root = document.parse(text), !root.isEmptyDocument {
      reader.apply(Setting(root: root, of: document))
    }
    let mistakes = document.mistakes.withLock { $0 }
    guard mistakes.isEmpty else {
      let first = ConfigurationError.Place(line: 1, column: 1)
      throw ConfigurationError(
        file: file, mistakes: mistakes.sorted { ($0.place ?? first) < ($1.place ?? first) })
    }
    return reader.configuration
  }

  private mutating func apply(_ root: Setting) {
    let names = [
      "state", "plugins", "socket", "socket_mode", "cgroup_root", "host", "user", "plugin_users", "capacity",
      "queue", "defaults", "bounds", "handlers", "preload", "log_level",
    ]
    for setting in root.settings(known: names) {
      switch setting.name {
      case "state": set(&configuration.state, setting.absolutePath())
      case "plugins": set(&configuration.plugins, setting.absolutePath())
      case "socket": set(&configuration.socket, setting.absolutePath())
      case "socket_mode": set(&configuration.socketMode, setting.permissions())
      case "cgroup_root": set(&configuration.cgroupRoot, setting.cgroupRoot())
      case "host": set(&configuration.host, setting.absolutePath())
      case "user": set(&configuration.user, setting.text())
      case "plugin_users": configuration.pluginUsers = users(of: setting)
      case "capacity": applyCapacity(setting)
      case "queue": applyQueue(setting)
      case "defaults": applyDefaults(setting)
      case "bounds": applyBounds(setting)
      case "handlers": configuration.handlers = handlers(of: setting)
      case "preload": configuration.preload = setting.elements().compactMap { $0.text() }
      case "log_level": set(&configuration.logLevel, setting.word(of: Logger.Level.self))
      default: preconditionFailure("`\(setting.name)` is known and has no case")
      }
    }
  }

  private mutating func applyCapacity(_ section: Setting) {
    for setting in section.settings(known: ["memory", "cpu", "slots"]) {
      switch setting.name {
      case "memory":
        let size: (String) -> Bytes? = { Bytes(text: $0).flatMap { $0 >= .mebibytes(1) ? $0 : nil } }
        set(&configuration.capacity.memory, setting.share("a size, like 12G,", size))
      case "cpu":
        let what = "a number of processors, like 1.5,"
        set(&configuration.capacity.cpuMillis, setting.share(what, Setting.processors))
      default: set(&configuration.capacity.slots, setting.count(1...10_000))
      }
    }
  }

  private mutating func applyQueue(_ section: Setting) {
    for setting in section.settings(known: ["max_queued", "aging"]) {
      switch setting.name {
      case "max_queued": set(&configuration.queue.maxQueued, setting.count(1...10_000_000))
      default: set(&configuration.queue.aging, setting.duration(.seconds(1)...Setting.year))
      }
    }
  }

  private mutating func applyDefaults(_ section: Setting) {
    var settings = Configuration.HandlerSettings()
    for setting in section.settings(known: Setting.wishNames + ["tier"]) {
      apply(setting, to: &settings)
    }
    configuration.defaults = configuration.defaults.amended(by: settings.wishes)
    configuration.tier = settings.tier ?? configuration.tier
  }

  private mutating func applyBounds(_ section: Setting) {
    let sizes = Bytes(1)...Bytes.gibibytes(1)
    for setting in section.settings(known: ["input", "result", "log", "open_files"]) {
      switch setting.name {
      case "input": set(&configuration.bounds.input, setting.bytes(sizes))
      case "result": set(&configuration.bounds.result, setting.bytes(sizes))
      case "log":
        set(&configuration.bounds.log, setting.bytes(.kibibytes(4)...Bytes.gibibytes(64)))
      default: set(&configuration.bounds.openFiles, setting.count(16...1_048_576))
      }
    }
  }

  private func handlers(of section: Setting) -> [String: Configuration.HandlerSettings] {
    var handlers: [String: Configuration.HandlerSettings] = [:]
    for handler in section.settings() where handler.hasValidName() {
      var settings = Configuration.HandlerSettings()
      for setting in handler.settings(known: Setting.wishNames + ["concurrency", "tier"]) {
        apply(setting, to: &settings)
      }
      handlers[handler.name] = settings
    }
    return handlers
  }

  private func apply(_ setting: Setting, to settings: inout Configuration.HandlerSettings) {
    let microsecond = Duration.microseconds(1)
    switch setting.name {
    case "memory": settings.wishes.memory = setting.bytes(.mebibytes(1)...Bytes.gibibytes(1 << 20))
    case "cpu": settings.wishes.cpuMillis = setting.processors()
    case "pids": settings.wishes.pids = setting.count(1...4_194_304).map { Int64($0) }
    case "timeout": settings.wishes.timeout = setting.duration(.milliseconds(1)...Setting.year)
    case "grace": settings.wishes.grace = setting.duration(microsecond...Duration.seconds(86_400))
    case "max_attempts": settings.wishes.maxAttempts = setting.count(1...1000)
    case "retry_delay": settings.wishes.retryDelay = setting.duration(microsecond...Setting.year)
    case "concurrency": settings.concurrency = setting.count(1...10_000)
    case "tier": settings.tier = setting.word(of: Configuration.StartTier.self)
    default: preconditionFailure("`\(setting.name)` is known and has no case")
    }
  }

  private func users(of section: Setting) -> [String: String] {
    var users: [String: String] = [:]
    for plugin in section.settings() where plugin.hasValidName() { users[plugin.name] = plugin.text() }
    return users
  }
}

/// Puts a value in place; nil is a mistake that is noted already.
private func set<Value>(_ target: inout Value, _ value: Value?) {
  if let value { target = value }
}

extension Setting {
  fileprivate static let wishNames = [
    "memory", "cpu", "pids", "timeout", "grace", "max_attempts", "retry_delay",
  ]

  /// The longest span that a setting takes.
  fileprivate static let year = Duration.seconds(366 * 86_400)

  fileprivate func permissions() -> UInt32? {
    value("permissions in octal that let the owner read and write, like 0600") { text in
      let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
      guard let mode = UInt32(digits, radix: 8), mode <= 0o777, mode & 0o600 == 0o600 else { return nil }
      return mode
    }
  }

  fileprivate func cgroupRoot() -> Configuration.CgroupRoot? {
    value("`auto` or an absolute path below the mount of cgroup v2") { text in
      if text == "auto" { return .automatic }
      return text.hasPrefix("/") ? .path(text) : nil
    }
  }

  fileprivate func hasValidName() -> Bool {
    if Handler.isValidName(name) { return true }
    mistakeInName("can't be a name: 1 to 64 of `a-z 0-9 - _ .`, a letter first")
    return false
  }
}

extension Node {
  /// Whether there is nothing but comments.
  fileprivate var isEmptyDocument: Bool {
    guard case .scalar(let scalar) = self else { return false }
    return scalar.string.isEmpty && scalar.style != .singleQuoted && scalar.style != .doubleQuoted
  }
}
