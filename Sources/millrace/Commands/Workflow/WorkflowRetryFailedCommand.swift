import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace workflow retry-failed`: lets what failed begin anew.
struct WorkflowRetryFailedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry-failed",
    abstract:
      "Let the failed jobs of a workflow begin anew, and those that were cancelled or held because of them.",
    discussion: """
      examples:
        millrace workflow retry-failed 3

      The jobs keep their numbers and get all of their attempts again; what succeeded is not repeated.
      """)

  @OptionGroup var reference: WorkflowReference
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    try WorkflowSheet(try runner.client.retryFailed(workflow: reference.id)).print(as: format.output)
  }
}
