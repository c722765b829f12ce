import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace reprioritise`: gives jobs another priority.
struct ReprioritiseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reprioritise",
    abstract: "Give jobs another priority; the time that they have waited still counts.",
    discussion: """
      examples:
        millrace reprioritise 42 --priority 9
        millrace reprioritise $(millrace list --state queued --class nightly -o ids) --priority 2

      Each job is tried; the exit code is that of the first one that could not be changed.
      """)

  @Argument(help: ArgumentHelp("The jobs.", valueName: "job"), transform: Quantities.job)
  var jobs: [JobID]

  @Option(help: "1 to 10; higher is sooner.", transform: Quantities.priority)
  var priority: Int

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let client = runner.client
    try EachJob(jobs).run(format) { try client.reprioritise($0, to: priority) }
  }
}
