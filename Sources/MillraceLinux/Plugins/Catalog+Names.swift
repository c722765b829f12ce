import MillraceCore
import MillraceEngine

extension Catalog {
  var handlerNames: Set<String> { Set(plugins.flatMap(\.handlers).map(\.name)) }

  /// Which name of a plugin is taken; nil if none is.
  func clash(with plugin: Plugin) -> String? {
    if plugins.contains(where: { $0.name == plugin.name }) {
      return "another file is the plugin `\(plugin.name)` already"
    }
    let taken = handlerNames
    return plugin.handlers.map(\.name).first(where: taken.contains).map(Self.isTaken)
  }

  static func isTaken(_ handler: String) -> String { "another plugin has the handler `\(handler)` already" }
}
