import MillraceCore
import Testing

/// A timetable with the record of one schedule or more: what is decided is put on record and in the table.
struct TimetableRig {
  var table: Timetable
  var upSince: Timestamp
  private(set) var ticks: [Tick] = []
  private(set) var decisions: [Timetable.Decision] = []
  private var jobs: Int64 = 0

  /// All times are those of this zone.
  let zone: ZoneRules

  init(
    _ zone: String = "Europe/Berlin", calendars: [String: DayCalendar] = [:], upSince: String = "2000-01-01"
  ) throws {
    self.zone = try TestZones.rules(zone)
    table = Timetable(surroundings: .init(zones: ["": self.zone, "UTC": .utc], calendars: calendars))
    self.upSince = try Self.time(upSince, self.zone)
  }

  private static func time(_ text: String, _ zone: ZoneRules) throws -> Timestamp {
    try #require(WrittenTime(text: text)).time(in: zone)
  }

  /// Returns a time that is written by the clock of the zone.
  func time(_ text: String) throws -> Timestamp { try Self.time(text, zone) }

  /// Returns a schedule with these members beside a job.
  func schedule(
    _ members: [String: JSONValue], id: Int64 = 1, created: String
  ) throws -> Schedule {
    let usual: [String: JSONValue] = ["job": .object(["handler": .string("exec")])]
    let tree = PlacedValue(.object(members.merging(usual) { own, _ in own }), at: .start)
    return Schedule(
      id: ScheduleID(id), try ScheduleDefinition(tree, named: "s\(id)"), created: try time(created))
  }

  /// Adds a schedule.
  mutating func add(_ members: [String: JSONValue], id: Int64 = 1, created: String) throws {
    table.put(try schedule(members, id: id, created: created))
  }

  /// Changes a schedule.
  mutating func change(id: Int64 = 1, _ body: (inout Schedule) throws -> Void) rethrows {
    guard var schedule = table.schedule(ScheduleID(id)) else { return }
    try body(&schedule)
    table.put(schedule)
  }

  /// Decides about all that is due and returns the new rows, as `shown` has them. With `keepsJobs` the jobs
  /// that are made do not end.
  @discardableResult
  mutating func run(at wall: String, keepsJobs: Bool = false) throws -> [String] {
    let before = ticks.count
    let now = try time(wall)
    while true {
      let decided = table.decisions(at: now, upSince: upSince, atMost: 100)
      guard !decided.isEmpty else { break }
      for decision in decided {
        var tick = decision.tick
        if tick.fate.hasJob {
          jobs += 1
          tick.job = JobID(jobs)
          table.began(JobID(jobs), of: tick.schedule)
          if !keepsJobs { table.ended(JobID(jobs)) }
        }
        ticks.append(tick)
        decisions.append(decision)
        table.put(decision.schedule)
      }
    }
    return ticks[before...].map(Self.shown)
  }

  /// `12-24T02:30:00+01:00 ran`, with its note behind a dash.
  static func shown(_ tick: Tick) -> String {
    "\(tick.local.dropFirst(5)) \(tick.fate.rawValue)" + (tick.note.map { " - \($0)" } ?? "")
  }

  /// As `shown`, of times to come.
  static func shown(_ planned: PlannedTime) -> String {
    "\(planned.time.text.dropFirst(5)) \(planned.fate?.rawValue ?? "due")"
      + (planned.note.map { " - \($0)" } ?? "")
  }
}
