import MillraceCore

/// The nominal times of a schedule, found by a walk through the minutes of a clock: slow, and nothing of it
/// is the search that the runner uses.
struct WalkedTimes {
  /// A nominal time, in seconds since 1970 UTC.
  struct Time: Equatable {
    var second: Int64
    /// Whether the clock takes it away.
    var isLeftOut = false
  }

  private let definition: ScheduleDefinition
  private let dial: Dial
  private let calendars: [String: Set<Int64>]
  /// In order.
  private(set) var times: [Time]
  private let until: Int64

  /// Walks.
  ///
  /// - Parameters:
  ///   - term: the schedule.
  ///   - dial: what the clock of its zone shows.
  ///   - calendars: days since 1970-01-01, by name.
  init(_ term: ScheduleHistory.Term, on dial: Dial, calendars: [String: Set<Int64>]) {
    (definition, self.dial, self.calendars) = (term.definition, dial, calendars)
    until = definition.until.map { Self.end($0, on: dial) } ?? .max
    switch definition.timing {
    case .cron(let expression, let rule):
      times = Self.walk(expression, rule, on: dial)
    case .every(let span):
      let step = span.microseconds / 1_000_000
      times = stride(from: term.created.second + step, through: dial.last, by: Int64.Stride(step)).map {
        Time(second: $0)
      }
    case .at(let time):
      times = Self.second(of: time, on: dial).map { [Time(second: $0)] } ?? []
    case .trigger:
      times = []
    }
    times.removeAll { $0.second > until }
  }

  /// Has the clock of Vixie's cron: it stands still while the one on the wall is behind it, and makes up for
  /// what that one skips.
  private static func walk(
    _ expression: CronExpression, _ rule: DaylightRule, on dial: Dial
  ) -> [Time] {
    func fits(_ minute: Int64) -> Bool { CivilTime(seconds: minute * 60).map(expression.fits) ?? false }
    var times: [Time] = []
    var made = dial.minutes[0]
    for (place, now) in dial.minutes.enumerated().dropFirst() {
      let ahead = now - made
      let second = dial.first + Int64(place) * 60
      if !expression.followsTheClock, (2...181).contains(ahead) {
        if ((made + 1)...now).contains(where: fits) {
          times.append(Time(second: second, isLeftOut: rule.gap == .skip && !fits(now)))
        }
      } else if !expression.followsTheClock, (-179...0).contains(ahead) {
        if fits(now) { times.append(Time(second: second, isLeftOut: rule.repeat == .once)) }
        continue
      } else if fits(now) {
        times.append(Time(second: second))
      }
      made = now
    }
    return times
  }

  /// Returns the last second of a schedule; before or behind what is known it is far off.
  private static func end(_ time: WrittenTime, on dial: Dial) -> Int64 {
    if case .local(let local) = time, local.seconds / 60 < dial.minutes[0] { return .min }
    return second(of: time, on: dial) ?? .max
  }

  private static func second(of time: WrittenTime, on dial: Dial) -> Int64? {
    switch time {
    case .instant(let time): time.second
    case .local(let local): dial.second(of: local.seconds / 60)
    }
  }

  /// Whether calendars allow the day of a time.
  func isAllowed(_ second: Int64) -> Bool {
    allows(dial.minute(at: second).flooredDivision(by: 1440).quotient)
  }

  private func allows(_ day: Int64) -> Bool {
    definition.calendars.exclude.allSatisfy { calendars[$0]?.contains(day) == false }
      && definition.calendars.require.allSatisfy { calendars[$0]?.contains(day) == true }
  }

  /// Returns when a time of a day that is not allowed is due instead, if that is within the walk and no time
  /// of the schedule anyway.
  func target(of second: Int64) -> Int64? {
    guard definition.calendars.otherwise == .nextAllowedDay else { return nil }
    var minute = dial.minute(at: second)
    repeat { minute += 1440 } while !allows(minute.flooredDivision(by: 1440).quotient) && minute < dial.end
    let rest = second.flooredDivision(by: 60).remainder
    guard let found = dial.second(of: minute, in: rest), found <= until else { return nil }
    return times.contains { $0.second == found && !$0.isLeftOut } ? nil : found
  }
}

/// What the clock of a zone shows, minute by minute.
struct Dial {
  /// In seconds since 1970 UTC, at a whole minute.
  let first: Int64
  /// The minutes that it shows, counted from 1970-01-01 00:00 of the clock.
  let minutes: [Int64]

  init(_ zone: ZoneRules, from start: Int64, through end: Int64) {
    let first = start.flooredDivision(by: 60).quotient * 60
    self.first = first
    minutes = stride(from: first, through: end, by: 60).map { second in
      (second + Int64(zone.offset(at: Timestamp(second: second)))) / 60
    }
  }

  /// The last second that is known of.
  var last: Int64 { first + Int64(minutes.count) * 60 - 1 }

  /// The last minute that is shown.
  var end: Int64 { minutes[minutes.count - 1] }

  /// Returns the minute that is shown.
  func minute(at second: Int64) -> Int64 { minutes[Int((second - first) / 60)] }

  /// Returns the first second of a minute of the clock, or so many seconds behind that; the end of the gap if
  /// the clock skips it; nil if it is not within what is known.
  func second(of minute: Int64, in seconds: Int64 = 0) -> Int64? {
    guard minute >= minutes[0] else { return nil }
    // A clock that is set back over the first minute shows it before.
    guard let place = minutes.firstIndex(where: { $0 >= minute }) else { return nil }
    return first + Int64(place) * 60 + (minutes[place] == minute ? seconds : 0)
  }
}
