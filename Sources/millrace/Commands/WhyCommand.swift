import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace why`: what a job waits for, or waited for.
struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why",
    abstract: "Show why a job waits: every gate with its numbers, and when it will start.",
    discussion: """
      examples:
        millrace why 42
        millrace why 42 -o json

      For a job that has started: what admission knew then, and what had held it back. That also works while \
      the runner is down.
      """)

  @Argument(help: ArgumentHelp("The job.", valueName: "job"), transform: Quantities.job)
  var job: JobID

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let view = try await record.read { try await $0.why(job) }
    let sheet = WhySheet(now: Moment.now)
    try format.print(rows: view.explanation?.gates ?? [], as: .gates, json: view) {
      sheet.text(of: view, paint: $0)
    }
  }
}

extension Table where Row == GateView {
  /// The gates of a job, a line each.
  static var gates: Table {
    Table(
      [
        Column("GATE", "gate") { $0.gate.rawValue },
        Column("OPEN", "open") { "\($0.isOpen)" },
        Column("NEED", "need", .right) { Figures.raw($0.need) },
        Column("USED", "used", .right) { Figures.raw($0.used) },
        Column("CAPACITY", "capacity", .right) { Figures.raw($0.capacity) },
        Column("OPENS AT", "opens_at") { $0.opensAt ?? "" },
        Column("SUBJECT", "subject") { $0.subject ?? "" },
        Column("REASON", "reason") { $0.reason },
        Column("REMEDY", "remedy") { $0.remedy ?? "" },
      ], id: { $0.gate.rawValue })
  }
}
