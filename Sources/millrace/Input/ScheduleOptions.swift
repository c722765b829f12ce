import ArgumentParser
import MillraceCore
import MillraceWire

/// How a schedule treats its times, as members of its definition.
struct ScheduleOptions: ParsableArguments {
  @OptionGroup var recurrence: RecurrenceOptions
  @OptionGroup var trigger: TriggerOptions

  @Option(help: "Each job starts within this span after its time: 30s.", transform: Quantities.span)
  var jitter: Duration?

  @Option(help: "No time after this one: 2027-01-01, `2027-01-01 14:30`, RFC 3339.")
  var until: String?

  @Option(help: "So many jobs in all.", transform: Quantities.count)
  var maxRuns: Int?

  @Option(help: "Times that the runner was down at: none, latest (as default) or all.")
  var catchUp: ScheduleDefinition.CatchUp?

  @Option(help: "How long after its time a job may still be made: 1h.", transform: Quantities.span)
  var window: Duration?

  @Option(
    help: "While an earlier job has not ended: skip (as default), allow, queue or cancel-running.")
  var overlap: ScheduleDefinition.Overlap?

  @Option(name: .customLong("exclude-calendar"), help: "Not on days of this calendar. May be repeated.")
  var excluded: [String] = []

  @Option(name: .customLong("require-calendar"), help: "Only on days of this calendar. May be repeated.")
  var required: [String] = []

  @Option(help: "A time on another day: skip (as default) or next-allowed-day.")
  var onExcludedDay: ScheduleDefinition.CalendarRule.Otherwise?

  /// Whether it is said what it waits for: times or events.
  var isKindGiven: Bool { recurrence.isGiven || trigger.isGiven }

  /// The members that are given.
  /// - Throws: `CommandError` (`usage`).
  func members() throws -> [String: JSONValue] {
    var members = try trigger.members()
    func put(_ name: String, _ text: String?) { if let text { members[name] = .string(text) } }
    put("cron", recurrence.cron)
    put("every", recurrence.every.map(Self.text))
    put("at", recurrence.at)
    put("timezone", recurrence.timeZone)
    put("dst_gap", recurrence.dstGap?.rawValue)
    put("dst_repeat", recurrence.dstRepeat?.rawValue)
    put("jitter", jitter.map(Self.text))
    put("until", until)
    if let maxRuns { members["max_runs"] = .integer(Int64(maxRuns)) }
    put("catch_up", catchUp?.rawValue)
    put("window", window.map(Self.text))
    put("overlap", overlap?.rawValue)
    if !excluded.isEmpty { members["exclude_calendars"] = .array(excluded.map(JSONValue.string)) }
    if !required.isEmpty { members["require_calendars"] = .array(required.map(JSONValue.string)) }
    put("on_excluded_day", onExcludedDay?.rawValue)
    return members
  }

  /// A span as definitions have it: `2h`, `90s`, `1500ms`.
  static func text(_ span: Duration) -> String {
    let units = [(Int64(3_600_000), "h"), (60_000, "m"), (1000, "s")]
    guard let (unit, name) = units.first(where: { span.milliseconds % $0.0 == 0 }) else {
      return "\(span.milliseconds)ms"
    }
    return "\(span.milliseconds / unit)\(name)"
  }

  /// A size as definitions have it: `256M`.
  static func text(_ size: Bytes) -> String {
    let units = [(Int64(1) << 30, "G"), (1 << 20, "M"), (1 << 10, "K")]
    guard let (unit, name) = units.first(where: { size.rawValue % $0.0 == 0 }) else {
      return "\(size.rawValue)"
    }
    return "\(size.rawValue / unit)\(name)"
  }
}

extension ScheduleDefinition.CatchUp: ExpressibleByArgument {}
extension ScheduleDefinition.Overlap: ExpressibleByArgument {}
extension ScheduleDefinition.CalendarRule.Otherwise: ExpressibleByArgument {}
