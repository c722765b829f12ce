import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace dead purge`: takes jobs that failed off the record.
struct DeadPurgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "Delete jobs that failed with their attempts, inputs and logs.",
    discussion: """
      examples:
        millrace dead purge 42 43
        millrace dead purge --handler thumbnail --until 30d --yes

      Jobs that have not failed, and those that unfinished ones depend on, stay.
      """)

  @Argument(
    help: ArgumentHelp("The jobs; or tell by filters which.", valueName: "job"), transform: Quantities.job)
  var jobs: [JobID] = []

  @OptionGroup var filter: DeadFilterOptions

  @Flag(help: "Take all jobs that the filters find.")
  var yes = false

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws { try filter.demandChoice(besides: jobs) }

  func run() throws {
    let client = runner.client
    let ids = try jobs.isEmpty ? filter.jobs(client, yes: yes, "would be deleted") : jobs
    let view = try client.prune(PruneRequest(states: [.failed], ids: ids))
    try format.print(rows: view.jobs, as: .prunedJobs, json: view) { PruneCommand.text(of: view, paint: $0) }
  }
}
