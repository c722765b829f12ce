import MillraceYAML

extension ConfigurationReader {
  /// Reads where plugins are, which is a path, or what else holds for them.
  mutating func applyPlugins(_ section: Setting) {
    guard section.hasSettings else { return set(&configuration.plugins, section.absolutePath()) }
    for setting in section.settings(known: ["directory", "crashes", "allowed_signers"]) {
      switch setting.name {
      case "directory": set(&configuration.plugins, setting.absolutePath())
      case "crashes": set(&configuration.pluginCrashes, setting.count(1...1000))
      default:
        configuration.allowedSigners = setting.plainText == "none" ? nil : setting.absolutePath()
      }
    }
  }
}
