extension DayCalendar {
  /// Reads the events of an iCalendar text ([RFC 5545](https://www.rfc-editor.org/rfc/rfc5545)): each day
  /// that one of them touches is one of the calendar, in the years 1970 to 2100.
  ///
  /// A time counts with the day that its own clock shows: one with `TZID` with the local day there, one in
  /// UTC with that of UTC. An event that ends at midnight does not touch the day that begins then. Cancelled
  /// events are left out, changed ones (`RECURRENCE-ID`) take the place of the time that they name.
  ///
  /// - Parameters:
  ///   - bytes: the text in UTF-8; lines may end without a carriage return.
  ///   - zone: the rules of a time zone; nil for one that is not known. It is only asked for times of two
  ///     zones that must be compared: `UNTIL` or `EXDATE` in UTC and a `DTSTART` in a zone.
  /// - Throws: `Mistakes`: also for each rule of RFC 5545 that is not known here, as `FREQ=HOURLY` and
  ///   `BYWEEKNO`. Behind the first hundred there may be more.
  package init(iCalendar bytes: [UInt8], zone: (String) -> ZoneRules?) throws(Mistakes) {
    var reader = ICalendarReader()
    reader.read(bytes)
    try Mistakes.demandNone(reader.mistakes)
    var expansion = ICalendarExpansion(events: reader.events)
    let ranges = expansion.ranges(zone)
    try Mistakes.demandNone(expansion.mistakes)
    self.init(ranges)
  }
}

/// Reads the components of an iCalendar text, of which events count
/// ([RFC 5545, 3.4](https://www.rfc-editor.org/rfc/rfc5545#section-3.4)).
struct ICalendarReader {
  private(set) var events: [ICalendarEvent] = []
  private(set) var mistakes: [Mistake] = []
  /// What has begun and not ended.
  private var open: [(name: String, place: TextPlace)] = []
  private var properties: [ContentLine] = []

  /// More help nobody: the text is something else.
  private static let mostMistakes = 100

  /// Reads a text.
  mutating func read(_ bytes: [UInt8]) {
    var lines = ContentLines(bytes)
    var isEmpty = true
    while mistakes.count < Self.mostMistakes {
      do {
        guard let line = try lines.next() else { break }
        if isEmpty, line.name != "BEGIN" || line.value.text.uppercased() != "VCALENDAR" {
          return note("this is no iCalendar: it must begin with `BEGIN:VCALENDAR`", at: line.place)
        }
        isEmpty = false
        take(line)
      } catch {
        mistakes += error.all
        if isEmpty { return }
      }
    }
    if isEmpty, mistakes.isEmpty { note("there is nothing in it", at: .start) }
    if let last = open.last, mistakes.isEmpty {
      note("`BEGIN:\(last.name)` has no end; the text is cut off", at: last.place)
    }
  }

  private mutating func take(_ line: ContentLine) {
    let value = line.value.text.uppercased()
    switch line.name {
    case "BEGIN":
      if open.isEmpty, value != "VCALENDAR" { note("`\(value)` must be within `VCALENDAR`", at: line.place) }
      if value == "VEVENT" { properties = [] }
      open.append((value, line.place))
    case "END":
      guard let last = open.last, last.name == value else {
        let expected = open.last.map { "`END:\($0.name)`" } ?? "`BEGIN:VCALENDAR`"
        return note("`END:\(value)` is where \(expected) must be", at: line.place)
      }
      open.removeLast()
      if value == "VEVENT" { addEvent(at: last.place) }
    case _ where open.isEmpty: note("`\(line.name)` must be within `VCALENDAR`", at: line.place)
    case "METHOD" where open.count == 1 && value == "CANCEL":
      note("this is a message that withdraws events, not a calendar", at: line.place)
    case _ where open.last?.name == "VEVENT" && ICalendarEventReader.known.contains(line.name):
      properties.append(line)
    default: break
    }
  }

  private mutating func addEvent(at place: TextPlace) {
    var reader = ICalendarEventReader(properties, at: place)
    let event = reader.event()
    mistakes += reader.mistakes
    events.append(event)
  }

  private mutating func note(_ message: String, at place: TextPlace) {
    mistakes.append(Mistake(place: place, message: message))
  }
}
