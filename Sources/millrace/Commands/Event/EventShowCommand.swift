import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace event show`: an event, its data and what came of it.
struct EventShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show an event: its data, and what each schedule made of it.",
    discussion: """
      examples:
        millrace event show 17
        millrace event show 17 -o json

      It also works while the runner is down.
      """)

  @Argument(help: ArgumentHelp("The event.", valueName: "number"), transform: Quantities.event)
  var number: EventNumber

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let view = try await record.read { try await $0.event(number) }
    try format.print(rows: view.schedules, as: .effects, json: view) { EventSheet(view).text(paint: $0) }
  }
}
