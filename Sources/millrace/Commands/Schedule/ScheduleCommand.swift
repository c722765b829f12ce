import ArgumentParser

/// `millrace schedule`: jobs that are made at times.
struct ScheduleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract: "Have jobs made at times, and see what became of each of these times.",
    discussion: """
      examples:
        millrace schedule add nightly exec --cron '30 2 * * *' --tz Europe/Riga -- backup /srv
        millrace schedule show nightly
        millrace schedule history nightly --fate missed-down
        millrace schedule preview --cron '30 3 * * mon-fri' --tz Europe/Riga

      docs/schedules.md says how times are written and what becomes of them.
      """,
    subcommands: [
      ScheduleAddCommand.self, ScheduleListCommand.self, ScheduleShowCommand.self,
      SchedulePreviewCommand.self, ScheduleHistoryCommand.self, ScheduleRunNowCommand.self,
      SchedulePauseCommand.self, ScheduleResumeCommand.self, ScheduleEditCommand.self,
      ScheduleRemoveCommand.self, ScheduleBackfillCommand.self, ScheduleStatsCommand.self,
    ])
}

/// Which schedule is meant.
struct ScheduleReference: ParsableArguments {
  @Argument(help: ArgumentHelp("The schedule.", valueName: "name"))
  var name: String
}
