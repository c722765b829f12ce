import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace release`: lets held jobs be started.
struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Let jobs that are held be started.",
    discussion: """
      examples:
        millrace release 42
        millrace release --held --handler thumbnail --yes
      """)

  @OptionGroup var selection: Selection
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let client = runner.client
    try await selection.run("release", past: "released", client: client, format: format) {
      try client.release($0)
    }
  }
}
