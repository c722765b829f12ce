import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace schedule history`: what became of the nominal times of a schedule.
struct ScheduleHistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "List the nominal times of a schedule, the newest first, and what became of each.",
    discussion: """
      examples:
        millrace schedule history nightly
        millrace schedule history nightly --fate missed-down --fate failed-to-submit
        millrace schedule history nightly --since 2026-08-01 -o csv

      It also works while the runner is down.
      """)

  @OptionGroup var reference: ScheduleReference

  @Option(name: .customLong("fate"), help: "Only times with this fate. May be repeated.")
  var fates: [Fate] = []

  @Option(help: "Only times since: 2h, 2026-08-01, RFC 3339.", transform: Moment.past)
  var since: Timestamp?

  @Option(help: "Only times before.", transform: Moment.past)
  var until: Timestamp?

  @Option(help: "At most so many.", transform: Quantities.count)
  var limit = 50

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    var filter = TickFilter(schedule: ScheduleID(0), limit: min(limit, 10_000))
    filter.fates = Set(fates)
    (filter.from, filter.before) = (since, until)
    let (asked, name) = (filter, reference.name)
    let page = try await record.read { try await $0.ticks(of: name, matching: asked) }
    try format.print(page.ticks, as: .ticks, page: page)
    if page.next != nil { StandardError.note("there may be more: --limit N, --until TIME") }
  }
}

extension Fate: ExpressibleByArgument {}
