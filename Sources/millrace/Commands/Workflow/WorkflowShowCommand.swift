import ArgumentParser
import MillraceWire

/// `millrace workflow show`: its steps as a graph, with the states of their jobs.
struct WorkflowShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show the steps of a workflow as a graph, with the states of their jobs.",
    discussion: """
      examples:
        millrace workflow show 3
        millrace workflow show 3 -o json
      """)

  @OptionGroup var reference: WorkflowReference
  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let view = try await record.read { try await $0.workflow(reference.id) }
    try WorkflowSheet(view).print(as: format.output)
  }
}
