import ArgumentParser
import MillraceCore
import MillraceWire
import MillraceZones

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

      It needs no runner. Times are those of the zone.
      """)

  @OptionGroup var recurrence: RecurrenceOptions

  @Option(help: "Only times after this one: 2026-08-01, `2026-08-01 14:30`, RFC 3339. As default: now.")
  var after: String?

  @Option(help: "So many times, up to 10000.", transform: Quantities.count)
  var count = 10

  @OptionGroup var format: OutputOptions

  func validate() throws {
    guard count <= 10_000 else { throw ValidationError("--count is 10000 at most") }
  }

  /// In whole seconds: spans are counted from it.
  private static var now: Timestamp {
    Timestamp(microseconds: Moment.now.rawValue / 1_000_000 * 1_000_000)
  }

  func run() throws {
    let zone = try recurrence.zone()
    let start = try after.map { try ZonedMoment($0, of: "--after").time(in: zone.rules) } ?? Self.now
    let preview = try Preview(recurrence, in: zone.rules, after: start, count: count)
    let rows = preview.times.map(NominalTimeRow.init)
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

  /// - Throws: `CommandError` (`usage`) for a recurrence that can't be.
  init(_ options: RecurrenceOptions, in zone: ZoneRules, after start: Timestamp, count: Int) throws {
    let recurrence = try options.recurrence(in: zone, since: start)
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
    // A local time tells what became of it; a point in time no longer does.
    if let time = try options.localTime(in: zone), times.first?.time == time.time { times = [time] }
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
