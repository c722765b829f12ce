import MillraceCore
import MillraceWire

extension Table where Row == ScheduleView {
  /// Schedules, a line each.
  static var schedules: Table {
    Table(
      [
        Column("SCHEDULE", "name") { $0.name },
        Column("WHEN", "when") { $0.when },
        Column("ZONE", "timezone") { $0.member("timezone") ?? "" },
        Column("NEXT", "next", raw: { $0.next?.utc ?? "" }) { Figures.localTime($0.next?.time) },
        Column("JOB", "handler") { $0.definition.object?["job"]?.object?["handler"]?.string ?? "" },
        Column("RUNS", "runs", .right) { "\($0.runs)" },
        Column("OPEN", "unfinished", .right, raw: { Figures.raw($0.unfinished?.count) }) {
          Figures.raw($0.unfinished?.count)
        },
        Column("LAST", "last_fate", tone: { $0.last?.fate.tone ?? .plain }) { $0.last?.fate.rawValue ?? "" },
        Column("STATE", "state", tone: { $0.paused == nil ? .plain : .busy }) {
          $0.paused == nil ? "active" : "paused"
        },
        Column("FILE", "file", wide: true) { $0.file ?? "" },
      ], id: { $0.name })
  }
}

extension Table where Row == TickView {
  /// Nominal times that were, a line each.
  static var ticks: Table {
    Table(
      [
        Column("TIME", "nominal", raw: { $0.nominal }) { Figures.localTime($0.local) },
        Column("FATE", "fate", tone: { $0.fate.tone }) { $0.fate.rawValue },
        Column("JOB", "job", .right) { Figures.raw($0.job) },
        Column("STATE", "state", tone: { $0.state?.tone ?? .plain }) { $0.state?.rawValue ?? "" },
        Column("TOOK", "seconds", .right, raw: { Figures.raw($0.seconds) }) { Figures.span($0.seconds) },
        Column("DECIDED", "decided", wide: true, raw: { $0.decided }) { Figures.time($0.decided) },
        Column("NOTE", "note") { $0.note ?? "" },
      ], id: { Figures.raw($0.job) })
  }
}

extension Fate {
  /// How it looks in tables.
  var tone: Tone {
    switch self {
    case .ran, .manual: .good
    case .late, .caughtUp: .busy
    case .skippedOverlap, .skippedWindow, .skippedLoop, .missedDown, .failedToSubmit: .bad
    case .skippedCalendar, .skippedGap, .skippedPaused, .doubledHour: .quiet
    }
  }
}

extension Figures {
  /// A local time with its offset without it, and with a blank: `2026-03-29 04:00:00`.
  static func localTime(_ text: String?) -> String {
    text.map { $0.prefix(10) + " " + $0.dropFirst(11).prefix(8) } ?? ""
  }
}

extension ScheduleView {
  /// A member of the definition as a text.
  func member(_ name: String) -> String? { definition.object?[name].flatMap(\.string) }

  /// When it is due: `30 2 * * *`, `every 300s`, `at 2026-08-01`; or what it waits for: `on upload.*`,
  /// `files /srv/in/*.csv`, `webhook github`.
  var when: String {
    if let cron = member("cron") { return cron }
    if let pattern = member("event") { return "on \(pattern)" }
    if let files { return "files \(files)" }
    if let signature { return "webhook \(signature)" }
    return ["every", "at"].compactMap { name in member(name).map { "\(name) \($0)" } }.first ?? ""
  }

  /// What a schedule without times waits for, in words.
  var awaited: String {
    if let pattern = member("event") { return "events of the type `\(pattern)`" }
    if let files { return "files `\(files)`, closed after writing or moved there" }
    return "calls of `POST \(Wire.prefix)/hooks/\(name)`, signed as \(signature ?? "") does"
  }

  private var files: String? {
    guard let rule = definition.object?["files"]?.object, let directory = rule["directory"]?.string else {
      return nil
    }
    return (directory.hasSuffix("/") ? directory : directory + "/") + (rule["pattern"]?.string ?? "*")
  }

  private var signature: String? { definition.object?["webhook"]?.object?["signature"]?.string }
}
