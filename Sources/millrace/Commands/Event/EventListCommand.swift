import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace event list`: events on record, the newest first.
struct EventListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List events, the newest first.",
    discussion: """
      examples:
        millrace event list
        millrace event list --type 'upload.*' --source /host/root@box -n 500 -o jsonl

      It also works while the runner is down.
      """)

  @Option(
    help: "Only events whose type fits: a name, or a pattern like upload.*.", transform: Quantities.pattern)
  var type: NamePattern?

  @Option(help: "Only events of this source.")
  var source: String?

  @Option(help: "Only events before this number.", transform: Quantities.event)
  var before: EventNumber?

  @Option(name: [.customShort("n"), .long], help: "At most so many.", transform: Quantities.count)
  var limit = 50

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    var query = EventQuery(limit: min(limit, 10_000))
    (query.type, query.source, query.before) = (type, source, before)
    let asked = query
    let page = try await record.read { try await $0.events(matching: asked, atMost: asked.limit) }
    try format.print(page.events, as: .events, page: page)
    if page.next != nil { StandardError.note("there may be more: -n N, --before NUMBER") }
  }
}
