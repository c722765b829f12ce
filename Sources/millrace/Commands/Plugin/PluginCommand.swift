import ArgumentParser

/// `millrace plugin`: what authors of plugins need.
struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin",
    abstract: "Help authors of plugins.",
    discussion: """
      examples:
        millrace plugin verify libmine.so
      """,
    subcommands: [PluginVerifyCommand.self])
}
