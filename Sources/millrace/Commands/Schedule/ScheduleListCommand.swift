import ArgumentParser
import MillraceWire

/// `millrace schedule list`: all schedules.
struct ScheduleListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the schedules, and when each is due next.",
    discussion: """
      examples:
        millrace schedule list
        millrace schedule list -o json
      """)

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let page = try await record.read { try await $0.allSchedules() }
    try format.print(page.schedules, as: .schedules, page: page)
    guard format.output == .table || format.output == .wide else { return }
    for schedule in page.schedules {
      for warning in schedule.warnings ?? [] {
        StandardError.note("schedule \(schedule.name): \(warning)".printable)
      }
    }
  }
}
