import MillraceCore
import MillraceYAML

/// The settings of a plugin's handlers in a file beside it: `libthumbnail.so` has `libthumbnail.yaml`.
///
/// ```yaml
/// warm: true
/// warm_memory: 2G
/// user: media
/// environment: {MAGICK_THREAD_LIMIT: 1}
/// handlers:
///   thumbnail: {memory: 80M, timeout: 30s, tier: cold}
/// ```
struct Sidecar: Equatable {
  /// By handler.
  var settings: [String: Configuration.HandlerSettings] = [:]
  /// Whether its jobs are forked from a warm host; nil for what its author says.
  var isWarm: Bool?
  /// The most memory of such a host.
  var warmMemory: Bytes?
  /// As whom its jobs run; nil for the runner's usual one.
  var user: JobUser?
  /// Variables that its jobs find in their environment.
  var environment: [String: String] = [:]

  /// The path of the file beside a plugin's file.
  static func path(beside plugin: String) -> String {
    (plugin.hasSuffix(".so") ? String(plugin.dropLast(3)) : plugin) + suffix
  }

  static let suffix = ".yaml"
  private static let names = ["handlers", "warm", "warm_memory", "user", "environment"]

  /// Makes an empty one.
  init() {}

  /// Reads a text; `known` are the handlers that the plugin has.
  ///
  /// - Throws: `FileMistakes` with all mistakes.
  init(_ text: String, named file: String, handlers known: [String]) throws {
    let document = YAMLDocument()
    if let root = document.root(of: text) {
      for section in root.settings(known: Self.names) {
        switch section.name {
        case "warm": isWarm = section.flag()
        case "warm_memory": warmMemory = section.hostMemory()
        case "user": user = section.jobUser()
        case "environment": environment = section.environment()
        default: read(section, known)
        }
      }
    }
    try document.throwMistakes(in: file)
  }

  private mutating func read(_ section: Setting, _ known: [String]) {
    for handler in section.settings() {
      guard known.contains(handler.name) else {
        let meant = Spelling.question(about: handler.name, among: known)
        handler.mistakeInName("is no handler of this plugin" + (meant ?? ""))
        continue
      }
      var values = Configuration.HandlerSettings()
      for setting in handler.settings(known: Setting.handlerNames + ["tier"]) { setting.apply(to: &values) }
      settings[handler.name] = values
    }
  }

  /// Returns a plugin with these settings in the place of its author's.
  func amended(_ plugin: Plugin) -> Plugin {
    var plugin = plugin
    plugin.handlers = plugin.handlers.map { amended($0) }
    plugin.isWarm = isWarm ?? plugin.isWarm
    plugin.warmMemory = warmMemory
    plugin.user = user
    plugin.environment = environment
    return plugin
  }

  private func amended(_ handler: Handler) -> Handler {
    guard let own = settings[handler.name] else { return handler }
    var handler = handler
    handler.wishes = own.wishes.filled(from: handler.wishes)
    handler.concurrency = own.concurrency ?? handler.concurrency
    handler.rate = own.rate ?? handler.rate
    handler.tier = own.tier
    return handler
  }
}
