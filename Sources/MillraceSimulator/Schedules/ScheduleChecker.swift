package import MillraceCore

/// Assigns runs to nominal times, in the style of Jepsen's test of Chronos: which nominal times have no run,
/// and which runs no nominal time.
///
/// It finds the nominal times by its own walk through the minutes, and knows of each whether the runner was
/// there, so whether it must have made a job, must not, or whether a crash leaves that open.
package struct ScheduleChecker {
  /// By name; the machine's own has the empty one.
  let zones: [String: ZoneRules]
  /// Days since 1970-01-01, by name.
  let calendars: [String: Set<Int64>]

  /// Makes a checker.
  package init(zones: [String: ZoneRules], calendars: [String: Set<Int64>] = [:]) {
    (self.zones, self.calendars) = (zones, calendars)
  }

  /// Returns all that is wrong with a history, in the order of schedules and times.
  package func violations(in history: ScheduleHistory) -> [ScheduleViolation] {
    guard let first = history.presences.map(\.wall.lowerBound).min(),
      let last = history.presences.map(\.wall.upperBound).max()
    else { return [] }
    // Daylight saving of the day before counts.
    let used = Set(history.terms.values.joined().map { $0.definition.timeZone ?? "" })
    let dials = zones.filter { used.contains($0.key) }.mapValues {
      Dial($0, from: first.second - 30 * 3600, through: last.second + 60)
    }
    return history.terms.sorted { $0.key < $1.key }.flatMap { id, terms in
      var account = ScheduleAccount(
        of: id, runs: history.runs.filter { $0.schedule == id },
        ticks: history.ticks.filter { $0.schedule == id })
      for (place, term) in terms.enumerated() {
        guard let dial = dials[term.definition.timeZone ?? ""] else { continue }
        let end = place + 1 < terms.count ? terms[place + 1].first : history.presences.count
        account.follow(
          term, WalkedTimes(term, on: dial, calendars: calendars),
          through: history.presences[term.first..<end])
      }
      return account.violations()
    }
  }
}
