import FoundationEssentials
import Logging
import MillraceCore
import MillraceYAML
import Synchronization

/// Reads the configuration from YAML: all mistakes are told at once, and then nothing of it is used.
struct ConfigurationReader {
  var configuration: Configuration
  /// Whether handlers and groups that are there already stay: a change at run time says one thing of one.
  var isAmending = false
  /// Where groups are named; they are looked up when all are read.
  var groupNames: [(within: String?, setting: Setting)] = []

  /// Reads a file.
  ///
  /// - Throws: `FileMistakes`, also if the file is not there.
  static func read(file: String, over defaults: Configuration) throws -> Configuration {
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(filePath: file))
    } catch {
      let reason = (error as? CocoaError)?.code == .fileReadNoSuchFile ? "there is no such file" : "\(error)"
      throw FileMistakes(file: file, mistakes: [.init(place: nil, message: reason)])
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileMistakes(file: file, mistakes: [.init(place: nil, message: "this is no UTF-8 text")])
    }
    return try read(text, named: file, over: defaults)
  }

  /// Reads a text.
  ///
  /// - Throws: `FileMistakes`.
  static func read(
    _ text: String, named file: String, over defaults: Configuration, isAmending: Bool = false
  ) throws -> Configuration {
    let document = YAMLDocument()
    var reader = ConfigurationReader(configuration: defaults, isAmending: isAmending)
    if let root = document.root(of: text) {
      reader.apply(root)
      reader.checkGroups()
    }
    try document.throwMistakes(in: file)
    return reader.configuration
  }

  private mutating func apply(_ root: Setting) {
    let names = [
      "state", "plugins", "schedules", "calendars", "socket", "socket_mode", "access", "cgroup_root", "host",
      "dashboard", "user", "plugin_users", "capacity",
      "queue", "pressure", "learning", "breaker", "poison_after", "defaults", "bounds", "retention", "groups",
      "handlers", "fair_share", "slurm", "preload", "warm", "tracing", "log_level",
    ]
    for setting in root.settings(known: names) {
      switch setting.name {
      case "state": set(&configuration.state, setting.absolutePath())
      case "plugins": applyPlugins(setting)
      case "schedules": set(&configuration.schedules, setting.absolutePath())
      case "calendars": set(&configuration.calendars, setting.absolutePath())
      case "socket": set(&configuration.socket, setting.absolutePath())
      case "socket_mode": set(&configuration.socketMode, setting.permissions())
      case "access": applyAccess(setting)
      case "cgroup_root": set(&configuration.cgroupRoot, setting.cgroupRoot())
      case "host": set(&configuration.host, setting.absolutePath())
      case "dashboard": set(&configuration.dashboard, setting.absolutePath())
      case "user": set(&configuration.user, setting.text())
      case "plugin_users": configuration.pluginUsers = users(of: setting)
      case "capacity": applyCapacity(setting)
      case "queue": applyQueue(setting)
      case "pressure": applyPressure(setting)
      case "learning": applyLearning(setting)
      case "breaker": set(&configuration.breaker, setting.breaker())
      case "poison_after": set(&configuration.poisonAfter, setting.count(1...Policy.mostCrashes))
      case "defaults": applyDefaults(setting)
      case "bounds": applyBounds(setting)
      case "retention": applyRetention(setting)
      case "groups": configuration.groups = groups(of: setting)
      case "handlers": configuration.handlers = handlers(of: setting)
      case "fair_share": applyFairShare(setting)
      case "slurm": applySlurm(setting)
      case "preload": configuration.preload = setting.elements().compactMap { $0.text() }
      case "warm": applyWarm(setting)
      case "tracing": applyTracing(setting)
      case "log_level": set(&configuration.logLevel, setting.word(of: Logger.Level.self))
      default: preconditionFailure("`\(setting.name)` is known and has no case")
      }
    }
  }

  private mutating func applyDefaults(_ section: Setting) {
    var settings = Configuration.HandlerSettings()
    for setting in section.settings(known: Setting.wishNames + ["tier"]) {
      setting.apply(to: &settings)
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

  private mutating func handlers(of section: Setting) -> [String: Configuration.HandlerSettings] {
    var handlers = isAmending ? configuration.handlers : [:]
    for handler in section.settings() where handler.hasValidName() {
      var settings = handlers[handler.name] ?? Configuration.HandlerSettings()
      for setting in handler.settings(known: Setting.handlerNames + ["tier", "group", "breaker"]) {
        setting.apply(to: &settings)
        if setting.name == "group" { groupNames.append((nil, setting)) }
      }
      handlers[handler.name] = settings
    }
    return handlers
  }

  private func users(of section: Setting) -> [String: String] {
    var users: [String: String] = [:]
    for plugin in section.settings() where plugin.hasValidName() { users[plugin.name] = plugin.text() }
    return users
  }
}

/// Puts a value in place; nil is a mistake that is noted already.
func set<Value>(_ target: inout Value, _ value: Value?) {
  if let value { target = value }
}

extension Setting {
  /// Reads a share of the machine, in percent or as an amount.
  func share<Amount>(
    _ what: String, _ amount: (String) -> Amount?
  ) -> Configuration.Share<Amount>? {
    value("\(what) or a part from 0.1% to 100%") { text in
      guard text.hasSuffix("%") else { return amount(text).map { .amount($0) } }
      guard let percent = Double(text.dropLast()), (0.1...100).contains(percent) else { return nil }
      return .percent(percent)
    }
  }

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
}
