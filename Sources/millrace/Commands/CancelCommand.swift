import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace cancel`: stops jobs that have not ended.
struct CancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancel jobs; a running one is asked to stop, and killed after its grace period.",
    discussion: """
      examples:
        millrace cancel 42
        millrace cancel --state queued --class nightly
        millrace cancel --state queued --class nightly --yes

      Of numbers, each is tried; the exit code is that of the first one that could not be cancelled. With \
      filters, all jobs that match and have not ended are cancelled, after --yes.
      """)

  @OptionGroup var selection: Selection
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let client = runner.client
    try await selection.run("cancel", past: "cancelled", client: client, format: format) {
      try client.cancel($0)
    }
  }
}
