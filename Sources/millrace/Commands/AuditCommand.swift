import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace audit`: who had what changed, the newest first.
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "List who had what changed, the newest first.",
    discussion: """
      examples:
        millrace audit
        millrace audit --by alice -n 500 -o jsonl

      Submissions are not in it: each job is on record with its owner.
      """)

  @Option(name: .customLong("by"), help: "Only what this one asked for: a user, or token:NAME.")
  var principal: String?

  @Option(help: "Only entries before this number.", transform: Quantities.count)
  var before: Int?

  @Option(name: [.customShort("n"), .long], help: "At most so many.", transform: Quantities.count)
  var limit = 50

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let page = try runner.client.audit(by: principal, before: before, atMost: min(limit, 10_000))
    try format.print(page.entries, as: .audit, page: page)
    if page.next != nil { StandardError.note("there may be more: -n N, --before NUMBER") }
  }
}

extension Table where Row == AuditView {
  /// Entries of the audit, a line each.
  static var audit: Table {
    Table(
      [
        Column("ENTRY", "number", .right) { "\($0.number)" },
        Column("TIME", "time", raw: { $0.time }) { Figures.time($0.time) },
        Column("BY", "principal") { $0.principal },
        Column("ROLE", "role") { $0.role },
        Column("FROM", "origin") { $0.origin },
        Column("STATUS", "status", .right, tone: { $0.status < 400 ? .plain : .bad }) { "\($0.status)" },
        Column("ACTION", "action") { $0.action },
      ], id: { "\($0.number)" })
  }
}
