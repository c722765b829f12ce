import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace workflow`: jobs with names that need each other.
struct WorkflowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workflow",
    abstract: "Submit jobs that need each other, and look after them together.",
    discussion: """
      examples:
        millrace workflow submit nightly.yaml --set day=2026-11-24
        millrace workflow show 3
        millrace workflow retry-failed 3

      docs/workflows.md says how such a file is written.
      """,
    subcommands: [
      WorkflowSubmitCommand.self, WorkflowShowCommand.self, WorkflowListCommand.self,
      WorkflowCancelCommand.self, WorkflowRetryFailedCommand.self,
    ])
}

/// Which workflow is meant.
struct WorkflowReference: ParsableArguments {
  @Argument(
    help: ArgumentHelp("The number of the workflow.", valueName: "workflow"), transform: Quantities.workflow)
  var id: Int64
}
