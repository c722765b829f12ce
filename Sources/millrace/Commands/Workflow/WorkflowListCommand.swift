import ArgumentParser
import MillraceWire

/// `millrace workflow list`: workflows, the newest first.
struct WorkflowListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List workflows, the newest first.",
    discussion: """
      examples:
        millrace workflow list
        millrace workflow list --limit 500 -o csv
      """)

  @Option(help: "At most so many.", transform: Quantities.count)
  var limit = 50

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let limit = min(limit, 10_000)
    let page = try await record.read { try await $0.workflows(before: nil, limit: limit) }
    try format.print(page.workflows, as: .workflows, page: page)
    if page.next != nil { StandardError.note("there are more: --limit N") }
  }
}
