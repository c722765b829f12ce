import ArgumentParser
import MillraceCore
import MillraceZones

/// When a schedule is due.
struct RecurrenceOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "Five fields (minute, hour, day of the month, month, day of the week), or @daily and the like.")
  var cron: String?

  @Option(help: "A span, counted from the start: 90s, 5m, 1h30m.", transform: Quantities.span)
  var every: Duration?

  @Option(help: "One time: 2026-08-01, `2026-08-01 14:30`, RFC 3339.")
  var at: String?

  @Option(name: .customLong("tz"), help: "The time zone: Europe/Riga. As default, that of this machine.")
  var timeZone: String?

  @Option(help: "A fixed time that the clock skips: run (when the gap ends) or skip. As default, run.")
  var dstGap: DaylightRule.Gap?

  @Option(help: "A fixed time that the clock shows twice: once (the first time) or both. As default, once.")
  var dstRepeat: DaylightRule.Repeat?

  /// Whether it is said when something is due.
  var isGiven: Bool { cron != nil || every != nil || at != nil }

  func validate() throws {
    let kinds = [cron != nil, every != nil, at != nil].count { $0 }
    guard kinds <= 1 else { throw ValidationError("give one of --cron, --every and --at") }
    guard cron != nil || (dstGap == nil && dstRepeat == nil) else {
      throw ValidationError("--dst-gap and --dst-repeat are for --cron")
    }
    if let every, every < .seconds(1) { throw ValidationError("--every is 1s at least") }
  }

  /// Reads the zone.
  /// - Throws: `CommandError` (`usage`).
  func zone() throws -> ZoneRules { try Self.zone(named: timeZone) }

  /// Reads a zone; this machine's own if it has no name.
  /// - Throws: `CommandError` (`usage`).
  static func zone(named name: String?) throws -> ZoneRules {
    let directory = ZoneDirectory.current(environment: Places.environment)
    do throws(ZoneError) {
      guard let name else { return try directory.ownZone(variable: Places.environment("TZ")).rules }
      return try directory.zone(name).rules
    } catch {
      throw CommandError(.usage, error.message, hint: error.hint)
    }
  }

  /// Returns what the options say; `since` is where spans begin.
  /// - Throws: `CommandError` (`usage`) with all that is wrong.
  func recurrence(since: Timestamp) throws -> Recurrence {
    if let every { return .every(every, since: since) }
    if let at { return .at(try WrittenTime(at, of: "--at")) }
    do throws(Mistakes) {
      return .cron(
        try CronExpression(cron ?? ""), DaylightRule(gap: dstGap ?? .run, repeat: dstRepeat ?? .once))
    } catch {
      let lines = error.all.map { mistake in
        (mistake.place.map { "--cron, column \($0.column): " } ?? "--cron: ") + mistake.message
      }
      throw CommandError(
        .usage, lines.joined(separator: "\nerror: "), hint: "docs/schedules.md has the rules of the fields")
    }
  }
}

extension DaylightRule.Gap: ExpressibleByArgument {}
extension DaylightRule.Repeat: ExpressibleByArgument {}
