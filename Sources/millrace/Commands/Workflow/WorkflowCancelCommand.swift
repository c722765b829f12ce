import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace workflow cancel`: cancels what has not ended.
struct WorkflowCancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancel all jobs of a workflow that have not ended.",
    discussion: """
      examples:
        millrace workflow cancel 3
      """)

  @OptionGroup var reference: WorkflowReference
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    try WorkflowSheet(try runner.client.cancel(workflow: reference.id)).print(as: format.output)
  }
}
