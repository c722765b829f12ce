import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace schedule add`: a new schedule.
struct ScheduleAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a schedule; prints it once it is on the disk.",
    discussion: """
      examples:
        millrace schedule add nightly exec --cron '30 2 * * *' --tz Europe/Riga --memory 1G -- backup /srv
        millrace schedule add sums checksum path=/srv/{{nominal_date}} --every 6h --catch-up none
        millrace schedule add report exec --cron '0 8 * * *' --exclude-calendar holidays -- report
        millrace schedule add sum checksum 'path={{event.data.path}}' --on 'upload.*' --where 'data.n>=10'
        millrace schedule add load exec --files /srv/in --pattern '*.csv' -- load '{{event.data.path}}'
        millrace schedule add deploy exec --webhook github --secret-file /etc/millrace/deploy -- deploy
        millrace schedule add nightly --file nightly.yaml
        millrace schedule add sums checksum path=/srv --cron '@daily' --dry-run

      In the job's texts {{nominal_time}}, {{nominal_utc}}, {{nominal_date}}, {{nominal_unix}}, \
      {{last_success}} and {{schedule}} are put in; for a schedule that waits for events also \
      {{event.id}}, {{event.type}}, {{event.subject}}, {{event.data.NAME}}, {{events}} and {{event_count}}. \
      Without --tz the times are those of the runner's machine.
      """)

  @OptionGroup var reference: ScheduleReference
  @OptionGroup var words: RequestWords
  @OptionGroup var schedule: ScheduleOptions
  @OptionGroup var job: RequestOptions

  @Option(help: "Read the schedule from a file in YAML; - is standard input.", completion: .file())
  var file: String?

  @Flag(help: "Add nothing: show what would be added, and its next times. The runner is not asked.")
  var dryRun = false

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if file != nil {
      guard words.isEmpty, try schedule.members().isEmpty else {
        throw ValidationError("--file excludes a handler and the options of schedules")
      }
      return
    }
    guard schedule.isKindGiven else {
      throw ValidationError("give one of --cron, --every and --at, or of --on, --files and --webhook")
    }
    guard words.handler != nil else { throw ValidationError("which handler? `millrace handlers` lists them") }
  }

  func run() throws {
    let definition = try definition()
    if dryRun { return try rehearse(definition) }
    let view = try runner.client.add(schedule: definition.source)
    try format.print([view], as: .schedules, page: view)
  }

  private func definition() throws -> ScheduleDefinition {
    let job = try ScheduledJob(words, job)
    guard let file else {
      var members = try schedule.members()
      members["name"] = .string(reference.name)
      members["job"] = .object(job.members ?? [:])
      return try ScheduleFile.definition(members)
    }
    guard job.members == nil else { throw ScheduledJob.besideFile }
    let definition = try ScheduleFile.definition(file, named: reference.name)
    guard definition.name == reference.name else {
      throw CommandError(.usage, "`\(file)` calls it `\(definition.name)`, not `\(reference.name)`")
    }
    return definition
  }

  /// Its times are those of this machine's zone data.
  private func rehearse(_ definition: ScheduleDefinition) throws {
    let zone = try RecurrenceOptions.zone(named: definition.timeZone)
    let now = Moment.now.wholeSecond
    let preview = definition.timing.recurrence(since: now).map {
      Preview(of: $0, in: zone, after: now, count: ScheduleDetail.span)
    }
    let end = definition.until?.time(in: zone)
    let times = (preview?.times ?? []).filter { time in end.map { time.time <= $0 } ?? true }
    let detail = ScheduleDetail(
      ScheduleView(Schedule(id: ScheduleID(0), definition, created: now)), ScheduleTally(),
      times: times.map { PlannedTime(time: $0) }, rows: [])
    try format.print(rows: detail.times, as: .plannedTimes, json: detail) {
      ScheduleSheet(detail, isPlan: true).text(paint: $0)
    }
    if let remark = preview?.remark { StandardError.note(remark) }
    if preview == nil { StandardError.note("it has no times: it waits for \(detail.schedule.awaited)") }
    if !definition.calendars.isEmpty { StandardError.note("its calendars are the runner's: not looked at") }
  }
}
