import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace pause`: starts nothing of the runner, a handler or a group.
struct PauseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Take jobs but start none: of the runner, a handler or a group. What runs goes on.",
    discussion: """
      examples:
        millrace pause
        millrace pause --handler thumbnail

      It stays paused over restarts, until `millrace resume`.
      """)

  @OptionGroup var station: StationOptions
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws { try format.print(try runner.client.operate("pause", station.request)) }
}
