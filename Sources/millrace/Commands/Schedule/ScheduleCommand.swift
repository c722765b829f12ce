import ArgumentParser

/// `millrace schedule`: jobs that are made at times.
struct ScheduleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract: "Show when a schedule is due.",
    discussion: """
      examples:
        millrace schedule preview --cron '30 3 * * mon-fri' --tz Europe/Riga
        millrace schedule preview --every 90m --count 3

      docs/schedules.md says how times are written and what daylight saving does to them.
      """,
    subcommands: [SchedulePreviewCommand.self])
}
