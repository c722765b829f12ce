import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace schedule preview`: the next times that a schedule would be due at; it needs no runner.
struct SchedulePreviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview",
    abstract: "Show the next times of a schedule, and which of them daylight saving moves.",
    discussion: """
      examples:
        millrace schedule preview --cron '0 3 * * *' --tz Europe/Riga --after 2026-03-28 --count 3
        millrace schedule preview --cron '@hourly' -o json
        millrace schedule preview --every 5m
        millrace schedule preview --at '2026-08-01 14:30' --tz America/New_York
        millrace schedule preview nightly

      Without a name it needs no runner. Times are those of the zone.
      """)

  @Argument(help: ArgumentHelp("A schedule of the runner, in the place of the options.", valueName: "name"))
  var name: String?

  @OptionGroup var recurrence: RecurrenceOptions

  @Option(help: "Only times after this one: 2026-08-01, `2026-08-01 14:30`, RFC 3339. As default: now.")
  var after: String?

  @Option(help: "So many times, up to 10000.", transform: Quantities.count)
  var count = 10

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    guard recurrence.isGiven != (name != nil) else {
      throw ValidationError("give a schedule's name, or one of --cron, --every and --at")
    }
    guard name == nil || (after == nil && recurrence.timeZone == nil) else {
      throw ValidationError("--after and --tz are for times without a schedule's name")
    }
    guard count <= 10_000 else { throw ValidationError("--count is 10000 at most") }
  }

  func run() throws {
    if let name {
      let page = try runner.client.preview(name, count: count)
      return try format.print(page.times, as: .plannedTimes, page: page.times)
    }
    let zone = try recurrence.zone()
    let start = try after.map { try WrittenTime($0, of: "--after").time(in: zone) } ?? Moment.now.wholeSecond
    let preview = Preview(
      of: try recurrence.recurrence(since: start), in: zone, after: start, count: count)
    let rows = preview.times.map { PlannedTimeView($0) }
    if rows.isEmpty, format.output == .table || format.output == .wide {
      return try StandardOutput.write((preview.remark ?? "") + "\n")
    }
    try format.print(rows, as: .nominalTimes, page: rows)
    if let remark = preview.remark { StandardError.note(remark) }
  }
}

/// The next times of a recurrence, and why they are fewer than was asked for.
struct Preview {
  private(set) var times: [NominalTime] = []
  /// Nil if there are as many as was asked for.
  private(set) var remark: String?

  init(of recurrence: Recurrence, in zone: ZoneRules, after start: Timestamp, count: Int) {
    var last = start
    do throws(BeyondCalendar) {
      while times.count < count, let next = try recurrence.next(after: last, in: zone) {
        times.append(next)
        last = next.time
      }
      if times.count < count { remark = Self.remark(recurrence, count: times.count) }
    } catch {
      remark = (times.isEmpty ? "never: " : "only \(times.count): ") + "\(error)"
    }
  }

  private static func remark(_ recurrence: Recurrence, count: Int) -> String {
    switch recurrence {
    case .cron(let expression, _) where !expression.hasDays:
      "never: the calendar has no day that fits `\(expression)`"
    case .cron(let expression, _):
      "never: what is due by `\(expression)` is skipped by the clock, every time"
    case .every: "never: the span is no time at all"
    case .at: count == 0 ? "never: that time is not after the start" : "only 1: it is due once"
    }
  }
}
