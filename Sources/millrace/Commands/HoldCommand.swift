import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace hold`: keeps jobs from being started.
struct HoldCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold",
    abstract: "Keep jobs from being started until they are released; one that runs goes on.",
    discussion: """
      examples:
        millrace hold 42
        millrace hold --handler thumbnail --yes
      """)

  @OptionGroup var selection: Selection
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let client = runner.client
    try await selection.run("hold", past: "held", client: client, format: format) {
      try client.hold($0)
    }
  }
}
