import ArgumentParser

/// `millrace dead`: the jobs that failed, to look at and to try again.
struct DeadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead",
    abstract: "List the jobs that failed, look at them, try them again, or delete them.",
    discussion: """
      examples:
        millrace dead
        millrace dead show 42
        millrace dead retry 42 --memory +50%
        millrace dead retry --handler thumbnail --since 1d --yes
      """,
    subcommands: [DeadListCommand.self, DeadShowCommand.self, DeadRetryCommand.self, DeadPurgeCommand.self],
    defaultSubcommand: DeadListCommand.self)
}
