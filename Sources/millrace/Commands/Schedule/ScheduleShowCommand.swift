import ArgumentParser
import MillraceWire

/// `millrace schedule show`: all that is known of one schedule.
struct ScheduleShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a schedule: its figures, its next times and its last ones.",
    discussion: """
      examples:
        millrace schedule show nightly
      """)

  @OptionGroup var reference: ScheduleReference
  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let detail = try await record.read { try await $0.schedule(reference.name) }
    try format.print(rows: detail.ticks, as: .ticks, json: detail) { ScheduleSheet(detail).text(paint: $0) }
  }
}
