import FoundationEssentials
import MillraceWire

@testable import MillraceCore
@testable import MillraceHTTP

extension FuzzedParser {
  /// What schedules are written in.
  static let schedules = [
    FuzzedParser(text: "cron", longest: 256) { text in
      let expression = try CronExpression(text)
      demandEqual(try CronExpression(expression.text), expression, "an expression that is read again")
      for zone in zones { try demandTimes(of: expression, in: zone) }
    },
    FuzzedParser("zone-file", longest: 2048) { bytes in try demandClock(of: try ZoneRules(bytes: bytes)) },
    FuzzedParser(text: "zone-rule", longest: 64) { text in
      if let zone = ZoneRules(posix: text) { try demandClock(of: zone) }
    },
    FuzzedParser("icalendar") { bytes in
      demandDays(of: try DayCalendar(iCalendar: bytes) { $0 == "Europe/Helsinki" ? zones[1] : nil })
    },
    FuzzedParser("schedule") { bytes in
      let tree = MemberTree(try StrictJSON.decode(JSONValue.self, from: Data(bytes)))
      let definition: ScheduleDefinition
      do throws(Mistakes) { definition = try ScheduleDefinition(tree.value, named: "s") } catch {
        throw tree.refusal(of: error)
      }
      let recorded = try Wire.decoder().decode(
        JSONValue.self, from: try Wire.encoder().encode(definition.source))
      let again = try ScheduleDefinition(PlacedValue(recorded, at: .start), isRecorded: true)
      demandEqual(again.revision, definition.revision, "the revision of what was recorded")
      demandEqual(again.timing, definition.timing, "the times of what was recorded")
      demandEqual(again.calendars, definition.calendars, "the calendars of what was recorded")
      for zone in zones { _ = try definition.timing.recurrence(since: start)?.next(after: start, in: zone) }
    },
  ]

  /// 2026-03-28 23:17:05 UTC: the night in which summer begins.
  private static let start = Timestamp(microseconds: 1_774_739_825_000_000)
  static let zones = [
    ZoneRules.utc, ZoneRules(posix: "EET-2EEST,M3.5.0/3,M10.5.0/4"), ZoneRules(posix: "<-0330>3:30"),
  ].compactMap(\.self)

  /// The next times of an expression follow each other and fit it.
  private static func demandTimes(of expression: CronExpression, in zone: ZoneRules) throws {
    var time = start
    for _ in 0..<4 {
      guard let next = try expression.next(after: time, in: zone) else {
        return demand(!expression.hasDays, "there is a next time if there is a day")
      }
      demand(next.time > time, "the next time is later")
      demandEqual(zone.local(next.time), next.local, "what the clock shows")
      demand(expression.fits(next.daylight?.skipped ?? next.local), "the next time fits")
      time = next.time
    }
  }

  /// What the clock shows at a time, and when it shows that, go together.
  private static func demandClock(of zone: ZoneRules) throws {
    for step: Int64 in 0..<40 {
      let time = Timestamp(microseconds: -3_000_000_000_000_000 + step * 250_123_456_000_000)
      let second = time.rawValue.flooredDivision(by: 1_000_000).quotient
      demand(zone.period(at: second).contains(second), "a time is in its period")
      guard let local = zone.local(time) else { continue }
      switch zone.meaning(of: local) {
      case .once(let found): demandEqual(zone.local(found), local, "what the clock shows once")
      case .twice(let first, let second):
        demand(first < second, "the first is earlier")
        demandEqual(zone.local(first), local, "what the clock shows first")
        demandEqual(zone.local(second), local, "what the clock shows again")
      case .skipped: demand(false, "the clock shows what it shows")
      }
    }
    for text in ["*/30 * * * *", "0 3 * * *"] {
      let expression = try CronExpression(text)
      var time = start
      for _ in 0..<3 {
        guard let next = try expression.next(after: time, in: zone) else { return }
        demand(next.time > time, "the next time is later")
        time = next.time
      }
    }
  }

  /// The first days of a calendar are of it, the first others are not.
  static func demandDays(of calendar: DayCalendar) {
    for day: Int64 in [-800_000, -1, 0, 20_000, 20_544, 47_846, 2_000_000] {
      if let first = calendar.firstDay(notBefore: day) {
        demand(first >= day && calendar.contains(first), "the first day is one")
      } else {
        demand(!calendar.contains(day), "a day is the first one")
      }
      let other = calendar.firstOther(notBefore: day)
      demand(other >= day && (other >= day + 4018 || !calendar.contains(other)), "the first other is none")
    }
  }
}
