import ArgumentParser

/// `millrace handlers`: what jobs can be asked for.
struct HandlersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "handlers",
    abstract: "List what can be run, show one handler with its parameters, or close its breaker.",
    discussion: """
      examples:
        millrace handlers
        millrace handlers checksum
        millrace handlers reset checksum
      """,
    subcommands: [HandlersListCommand.self, HandlersResetCommand.self],
    defaultSubcommand: HandlersListCommand.self)
}
