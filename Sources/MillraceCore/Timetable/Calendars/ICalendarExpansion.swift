/// Finds the days of events from the rules by which they come again.
struct ICalendarExpansion {
  private(set) var mistakes: [Mistake] = []
  private let events: [ICalendarEvent]
  /// The times of events that others take the place of, by their `uid`.
  private let replaced: [String: [ICalendarTime]]
  private var budget = RecurrenceRule.Budget()

  /// The days that matter, 1970-01-01 to 2100-12-31, counted from the first one.
  private static let days: ClosedRange<Int64> = 0...47_846

  init(events: [ICalendarEvent]) {
    self.events = events
    replaced = Dictionary(grouping: events.filter { $0.replaced != nil }, by: \.uid).mapValues { events in
      events.compactMap(\.replaced)
    }
  }

  /// Returns the days that the events touch.
  mutating func ranges(_ zone: (String) -> ZoneRules?) -> [ClosedRange<Int64>] {
    var ranges: [ClosedRange<Int64>] = []
    for event in events where budget.days > 0 {
      guard let times = event.times else { continue }
      let others = event.replaced == nil ? replaced[event.uid] ?? [] : []
      let excluded = exclusion(of: times.excluded + others, from: times.start, zone)
      for start in starts(of: times, zone) where !excluded.contains(start) {
        ranges += Self.range(from: start, lasting: times.length)
      }
      for (start, length) in times.added where !excluded.contains(start.seconds) {
        let usual = start.isDay && !times.start.isDay ? ICalendarTime.day : times.length
        ranges += Self.range(from: start.seconds, lasting: length ?? usual)
      }
    }
    return ranges
  }

  /// Returns when an event starts, by the clock of its own zone.
  private mutating func starts(of times: ICalendarEvent.Times, _ zone: (String) -> ZoneRules?) -> [Int64] {
    let (start, first) = (times.start.seconds, times.start.dayNumber)
    let clock = start - first * ICalendarTime.day
    var starts = [start]
    for rule in times.rules {
      var last = Self.days.upperBound
      if let until = rule.until {
        guard let end = end(of: until, from: times.start, zone) else { continue }
        last = min(last, (end - clock).flooredDivision(by: ICalendarTime.day).quotient)
      }
      // One that started before them may still touch the days that matter.
      let earliest = -times.length / ICalendarTime.day - 1
      guard let days = rule.days(after: first, from: earliest, through: last, &budget) else {
        note("the rules of this text have too many days between 1970 and 2100", at: rule.place)
        return []
      }
      starts += days.map { $0 * ICalendarTime.day + clock }
    }
    return starts
  }

  /// Returns the last second, by the clock of an event, at which a rule lets it start.
  private mutating func end(
    of until: ICalendarTime, from start: ICalendarTime, _ zone: (String) -> ZoneRules?
  ) -> Int64? {
    if until.isDay || start.isDay { return (until.dayNumber + 1) * ICalendarTime.day - 1 }
    return seconds(of: until, byClockOf: start, zone)
  }

  /// Starts of an event that do not count.
  private struct Exclusion {
    var seconds: Set<Int64> = []
    var days: Set<Int64> = []

    func contains(_ start: Int64) -> Bool {
      seconds.contains(start) || days.contains(start.flooredDivision(by: ICalendarTime.day).quotient)
    }
  }

  private mutating func exclusion(
    of times: [ICalendarTime], from start: ICalendarTime, _ zone: (String) -> ZoneRules?
  ) -> Exclusion {
    var exclusion = Exclusion()
    for time in times {
      if time.isDay || start.isDay {
        exclusion.days.insert(time.dayNumber)
      } else if let seconds = seconds(of: time, byClockOf: start, zone) {
        exclusion.seconds.insert(seconds)
      }
    }
    return exclusion
  }

  /// Returns what the clock of one time shows at another time; one without a zone is of every zone.
  private mutating func seconds(
    of time: ICalendarTime, byClockOf start: ICalendarTime, _ zone: (String) -> ZoneRules?
  ) -> Int64? {
    guard time.zone != start.zone, time.zone != .any, start.zone != .any else { return time.seconds }
    guard let from = rules(of: time, zone, for: time), let to = rules(of: start, zone, for: time) else {
      return nil
    }
    guard let civil = CivilTime(seconds: time.seconds) else { return time.seconds }
    return to.local(from.nominalTime(civil).time)?.seconds ?? time.seconds
  }

  private mutating func rules(
    of time: ICalendarTime, _ zone: (String) -> ZoneRules?, for compared: ICalendarTime
  ) -> ZoneRules? {
    guard case .named(let name) = time.zone else { return .utc }
    if let rules = zone(name) { return rules }
    note(
      "this can't be compared with `DTSTART`: the machine has no time zone `\(name)`; write both in one zone",
      at: compared.place)
    return nil
  }

  private static func range(from start: Int64, lasting length: Int64) -> [ClosedRange<Int64>] {
    let end = start + max(0, length - 1)
    let first = start.flooredDivision(by: ICalendarTime.day).quotient
    let last = end.flooredDivision(by: ICalendarTime.day).quotient
    guard first <= days.upperBound, last >= days.lowerBound else { return [] }
    return [max(first, days.lowerBound)...min(last, days.upperBound)]
  }

  private mutating func note(_ message: String, at place: TextPlace) {
    mistakes.append(Mistake(place: place, message: message))
  }
}
