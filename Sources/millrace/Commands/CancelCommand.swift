import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace cancel`: stops jobs that have not ended.
struct CancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancel jobs; a running one is asked to stop, and killed after its grace period.",
    discussion: """
      examples:
        millrace cancel 42
        millrace cancel $(millrace list --state queued -o ids)

      Each job is tried; the exit code is that of the first one that could not be cancelled.
      """)

  @Argument(help: ArgumentHelp("The jobs.", valueName: "job"), transform: Quantities.job)
  var jobs: [JobID]

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let client = runner.client
    try EachJob(jobs).run(format) { try client.cancel($0) }
  }
}
