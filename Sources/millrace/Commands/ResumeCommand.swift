import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace resume`: starts jobs again.
struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Start jobs again: of the runner, a handler or a group that is paused.",
    discussion: """
      examples:
        millrace resume
        millrace resume --group backups
      """)

  @OptionGroup var station: StationOptions
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws { try format.print(try runner.client.operate("resume", station.request)) }
}
