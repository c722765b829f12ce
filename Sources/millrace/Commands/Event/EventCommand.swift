import ArgumentParser
import MillraceCore

/// `millrace event`: announce what happened, and see what schedules made of it.
struct EventCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "event",
    abstract: "Announce events, and see what schedules made of them.",
    discussion: """
      examples:
        millrace event emit upload.finished --data '{"path": "/srv/in/a.csv"}'
        millrace event list --type 'upload.*'
        millrace event show 17

      docs/schedules.md says which schedules are told of an event.
      """,
    subcommands: [EventEmitCommand.self, EventListCommand.self, EventShowCommand.self])
}
