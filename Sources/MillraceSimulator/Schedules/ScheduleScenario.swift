import MillraceCore

/// Draws schedules and what they are due in.
struct ScheduleScenario {
  /// By name.
  let zones: [String: ZoneRules]
  let zone: String
  /// When it begins, in seconds since 1970 UTC.
  let start: Int64
  /// The days since 1970-01-01 of the one calendar.
  let freeDays: Set<Int64>
  private var random: SeededGenerator

  static let calendar = "free"
  static let days: Int64 = 3

  init(seed: UInt64, zones: [String: ZoneRules]) {
    var random = SeededGenerator(seed: seed)
    self.zones = zones
    let names = zones.keys.sorted()
    zone = names[Int.random(in: 0..<names.count, using: &random)]
    let rules = zones[zone] ?? .utc
    start = Self.start(in: rules, &random)
    let day = start / 86_400
    freeDays = Set((day - 2...day + 9).filter { _ in random.oneIn(2) })
    self.random = random
  }

  /// What schedules name, as the planner knows it.
  var surroundings: Timetable.Surroundings {
    .init(zones: zones, calendars: [Self.calendar: DayCalendar(freeDays.map { $0...$0 })])
  }

  /// Returns a minute from 2024 to 2035, mostly less than two days before a change of the clock.
  private static func start(in zone: ZoneRules, _ random: inout SeededGenerator) -> Int64 {
    let time = Int64.random(in: 28_401_120...34_712_640, using: &random) * 60
    guard !random.oneIn(4) else { return time }
    func offset(_ second: Int64) -> Int { zone.offset(at: Timestamp(second: second)) }
    let days = (0..<400).map { time + $0 * 86_400 }
    guard let day = days.first(where: { offset($0) != offset($0 + 86_400) }) else { return time }
    return day - Int64.random(in: 0...2880, using: &random) * 60
  }

  /// Returns a definition of a schedule; with the given answer to overlaps, or a new one.
  mutating func definition(
    of id: ScheduleID, _ overlap: ScheduleDefinition.Overlap?
  ) throws(BrokenRule) -> ScheduleDefinition {
    let overlap = overlap ?? ScheduleDefinition.Overlap.allCases[Int.random(in: 0...3, using: &random)]
    var members: [String: JSONValue] = [
      "name": .string("s\(id)"), "timezone": .string(zone), "overlap": .string(overlap.rawValue),
      "catch_up": .string(one(of: ["none", "latest", "all"])),
      "job": .object(["handler": .string("exec")]),
    ]
    drawTiming(into: &members)
    // A job that is cancelled before it has begun would tell of no run.
    if overlap != .cancelRunning, random.oneIn(4) { members["jitter"] = .string("5m") }
    if random.oneIn(6) { members["until"] = .string(localText(afterHours: 24...72)) }
    if random.oneIn(5) { members["max_runs"] = .integer(Int64.random(in: 1...9, using: &random)) }
    if random.oneIn(4) { members["window"] = .string(one(of: ["5m", "1h", "6h"])) }
    if random.oneIn(3) {
      members[one(of: ["exclude_calendars", "require_calendars"])] = .array([.string(Self.calendar)])
      members["on_excluded_day"] = .string(one(of: ["skip", "next-allowed-day"]))
    }
    do throws(Mistakes) {
      return try ScheduleDefinition(PlacedValue(.object(members), at: .start))
    } catch {
      throw BrokenRule("a schedule was drawn with mistakes: \(error.all.map(\.message))")
    }
  }

  private mutating func drawTiming(into members: inout [String: JSONValue]) {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<7:
      let minute = one(of: ["0", "0", "30", "15,45", "*/20", "7-59/26", "*/30"])
      let hour = one(of: ["*", "*/3", "0-4", "1,2,3", "2", "2-23/5", "0,12"])
      let day = one(of: ["* * *", "* * *", "* * mon-fri", "*/2 * *", "1-20 * sat,sun"])
      members["cron"] = .string("\(minute) \(hour) \(day)")
      if random.oneIn(3) { members["dst_gap"] = .string("skip") }
      if random.oneIn(3) { members["dst_repeat"] = .string("both") }
    case 7, 8: members["every"] = .string(one(of: ["10m", "35m", "2h30m", "11h"]))
    default: members["at"] = .string(localText(afterHours: 1...48))
    }
  }

  /// Returns a time of the zone's clock, to the minute.
  private mutating func localText(afterHours hours: ClosedRange<Int64>) -> String {
    let minutes = Int64.random(in: hours.lowerBound * 60...hours.upperBound * 60, using: &random)
    let time = Timestamp(second: start + minutes * 60)
    guard let local = zones[zone]?.local(time) else { preconditionFailure("the calendar has that time") }
    return "\(local.dayText) \(local.clockText.prefix(5))"
  }

  private mutating func one(of words: [String]) -> String {
    words[Int.random(in: 0..<words.count, using: &random)]
  }
}
