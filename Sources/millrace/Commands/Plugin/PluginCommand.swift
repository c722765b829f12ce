import ArgumentParser

/// `millrace plugin`: what authors of plugins need.
struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin",
    abstract: "Help authors of plugins.",
    discussion: """
      examples:
        millrace plugin new thumbnail --lang swift
        millrace plugin verify libmine.so
        millrace plugin checksums libpython.so
      """,
    subcommands: [PluginNewCommand.self, PluginVerifyCommand.self, PluginChecksumsCommand.self])
}
