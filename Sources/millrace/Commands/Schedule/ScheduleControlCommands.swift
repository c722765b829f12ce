import ArgumentParser
import MillraceClient
import MillraceWire

/// `millrace schedule pause`: its times make no jobs until it is resumed.
struct SchedulePauseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Pause a schedule: its times are recorded as skipped, and its jobs that run go on.",
    discussion: """
      examples:
        millrace schedule pause nightly
      """)

  @OptionGroup var reference: ScheduleReference
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let view = try runner.client.pause(schedule: reference.name, true)
    try format.print([view], as: .schedules, page: view)
  }
}

/// `millrace schedule resume`: its times make jobs again.
struct ScheduleResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Let a paused schedule go on with its next time.",
    discussion: """
      examples:
        millrace schedule resume nightly
      """)

  @OptionGroup var reference: ScheduleReference
  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let view = try runner.client.pause(schedule: reference.name, false)
    try format.print([view], as: .schedules, page: view)
  }
}

/// `millrace schedule remove`: a schedule is no longer there.
struct ScheduleRemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove a schedule; its jobs stay.",
    discussion: """
      examples:
        millrace schedule remove nightly

      One that is from a file goes when the file goes.
      """)

  @OptionGroup var reference: ScheduleReference
  @OptionGroup var runner: RunnerOptions

  func run() throws { try runner.client.remove(schedule: reference.name) }
}

/// `millrace schedule run-now`: a job beside its times.
struct ScheduleRunNowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run-now",
    abstract: "Make a job of a schedule now, beside its times; prints the job's number.",
    discussion: """
      examples:
        millrace wait $(millrace schedule run-now nightly)
        millrace schedule run-now nightly --key deploy-42
      """)

  @OptionGroup var reference: ScheduleReference

  @Option(help: "If a job of the same handler has this key, since a day at most, it is printed instead.")
  var key: String?

  @OptionGroup var runner: RunnerOptions

  func run() throws {
    let answer = try runner.client.runNow(reference.name, key: key)
    try StandardOutput.write("\(answer.job)\n")
  }
}

/// `millrace schedule backfill`: the jobs of times that have none.
struct ScheduleBackfillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backfill",
    abstract: "Make the jobs of past times of a schedule that have none, up to 1000.",
    discussion: """
      examples:
        millrace schedule backfill nightly --from 2026-08-01 --to '2026-08-07 23:59'

      Both times are those of the schedule's zone, and included. The jobs run one after the other, unless
      the schedule allows them to overlap.
      """)

  @OptionGroup var reference: ScheduleReference

  @Option(help: "The first time: 2026-08-01, `2026-08-01 14:30`, RFC 3339.")
  var from: String

  @Option(help: "The last time.")
  var to: String

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let made = try runner.client.backfill(reference.name, BackfillRequest(from: from, to: to))
    try format.print(made.ticks, as: .ticks, page: made)
    if made.existing > 0 { StandardError.note("\(made.existing) times of the span have a job already") }
  }
}
