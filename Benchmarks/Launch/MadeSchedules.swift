import FoundationEssentials
import GRDB
import MillraceCore
import MillraceEngine
import MillraceStore
import MillraceWire
import MillraceZones

/// Records with many schedules of every kind: of ten, seven are cron expressions, two spans and one a single
/// time. None is due within two days.
enum MadeSchedules {
  static let zones = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata",
  ]

  /// Returns schedules as they are when they are made at a time; their names are in order.
  static func schedules(_ count: Int, made: Timestamp) throws -> [Schedule] {
    try (0..<count).map { number in
      Schedule(id: ScheduleID(Int64(number + 1)), try definition(number, made: made), created: made)
    }
  }

  /// Makes a record of schedules, as the store writes them, but in one transaction.
  static func record(_ count: Int, made: Timestamp, in file: String) async throws {
    try SQLiteJobStore(opening: file).close()
    let queue = try DatabaseQueue(path: file)
    try await queue.write { db in
      let insertion = try db.makeStatement(
        sql: "INSERT INTO schedule (name, definition, created, decided) VALUES (?, ?, ?3, ?3)")
      for number in 0..<count {
        let definition = try definition(number, made: made)
        let text = String(decoding: try Wire.encoder().encode(definition.source), as: UTF8.self)
        try insertion.execute(arguments: [definition.name, text, made.rawValue])
      }
    }
    try queue.close()
  }

  /// Returns a definition of a schedule that has missed a time of the last minute.
  static func overdue(_ name: String, at now: Timestamp) throws -> ScheduleDefinition {
    try definition(name, ["at": .string(Wire.text(of: now - .seconds(60)))])
  }

  private static func definition(_ number: Int, made: Timestamp) throws -> ScheduleDefinition {
    let digits = String(number)
    let name = "made-" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    var members: [String: JSONValue] = ["timezone": .string(zones[number % zones.count])]
    let (minute, hour) = (number % 60, number / 60 % 24)
    let day = dayOfMonth(number, notNear: made)
    switch number % 10 {
    case 0...3: members["cron"] = .string("\(minute) \(hour) \(day) * *")
    case 4: members["cron"] = .string("*/15 \(hour) \(day) * *")
    case 5: members["cron"] = .string("\(minute) * \(day) * *")
    case 6: members["cron"] = .string("\(minute) \(hour) \(day) \(1 + number / 10 % 12) *")
    case 7, 8: members["every"] = .string("\(2 + number % 30)d\(1 + number % 86_399)s")
    default: members["at"] = .string(Wire.text(of: made + .seconds(200_000 + number * 300)))
    }
    if number % 3 == 0 { members["catch_up"] = .string("all") }
    return try definition(name, members)
  }

  private static func definition(
    _ name: String, _ members: [String: JSONValue]
  ) throws -> ScheduleDefinition {
    var all = members
    all["name"] = .string(name)
    all["job"] = .object([
      "handler": .string(MadeRecord.handlers[0]),
      "labels": .object(["day": .string("{{nominal_date}}"), "text": .string(name)]),
    ])
    return try ScheduleDefinition(PlacedValue(.object(all), at: .start))
  }

  /// A day of the month, 1 to 28, three days at least after a time and before the same in the next month.
  private static func dayOfMonth(_ number: Int, notNear time: Timestamp) -> Int {
    let today = CivilDate(daysSinceEpoch: time.rawValue / 86_400_000_000)?.day ?? 1
    return (today + 2 + number % 20) % 28 + 1
  }
}

/// The zones of the machine; no calendars and no files.
struct ZonesOnly: ScheduleSource {
  private let directory = ZoneDirectory()
  let changes = AsyncStream<ScheduleSourceChange> { $0.yield(.files([], unreadable: [])) }

  func zone(named name: String) throws -> ZoneRules { try directory.zone(name.isEmpty ? "UTC" : name).rules }

  func calendar(named name: String) throws -> DayCalendar {
    throw BenchmarkError("there are no calendars here: `\(name)`")
  }
}

/// No directories are watched.
struct NoDirectories: FileEventSource {
  let changes = AsyncStream<FileEventChange> { _ in }

  func watch(_ directories: [WatchedDirectory]) {}
}
