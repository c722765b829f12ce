import ArgumentParser

/// `millrace handlers`: what jobs can be asked for.
struct HandlersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "handlers",
    abstract: "List what can be run, show a handler or its builds, go back to one, or close its breaker.",
    discussion: """
      examples:
        millrace handlers
        millrace handlers checksum
        millrace handlers builds checksum
        millrace handlers rollback checksum
        millrace handlers reset checksum
      """,
    subcommands: [
      HandlersListCommand.self, HandlersBuildsCommand.self, HandlersRollbackCommand.self,
      HandlersResetCommand.self,
    ],
    defaultSubcommand: HandlersListCommand.self, aliases: ["handler"])
}
