/// An event of an iCalendar text, as it stands there
/// ([RFC 5545, 3.6.1](https://www.rfc-editor.org/rfc/rfc5545#section-3.6.1)).
struct ICalendarEvent {
  /// Empty if it has none.
  var uid = ""
  /// The time of another event with its `uid` whose place it takes; nil if it stands for itself.
  var replaced: ICalendarTime?
  /// Nil if it is cancelled.
  var times: Times?

  /// When it is.
  struct Times {
    var start: ICalendarTime
    /// In seconds; 0 for a moment.
    var length: Int64
    var rules: [RecurrenceRule] = []
    /// More starts, some with a length of their own.
    var added: [(start: ICalendarTime, length: Int64?)] = []
    var excluded: [ICalendarTime] = []
  }
}

/// Reads an event from its properties and notes all that is wrong with it.
struct ICalendarEventReader {
  private(set) var mistakes: [Mistake] = []
  private let lines: [ContentLine]
  /// Where the event begins.
  private let place: TextPlace

  /// The properties that matter here; others say nothing of its days.
  static let known: Set = [
    "DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS", "UID",
  ]

  init(_ lines: [ContentLine], at place: TextPlace) {
    self.lines = lines
    self.place = place
  }

  /// Returns the event, which is only worth anything if there are no mistakes.
  mutating func event() -> ICalendarEvent {
    var event = ICalendarEvent()
    event.uid = single("UID")?.value.text ?? ""
    if let line = single("RECURRENCE-ID") {
      event.replaced = time(line.value, line)
      if let range = line.parameters["RANGE"] {
        note("`RANGE` is not known here: each time that is changed must be an event", at: range.place)
      }
    }
    if single("STATUS")?.value.text.uppercased() != "CANCELLED" { event.times = times() }
    return event
  }

  private mutating func times() -> ICalendarEvent.Times? {
    guard let line = single("DTSTART") else {
      if !lines.contains(where: { $0.name == "DTSTART" }) { note("the event has no `DTSTART`", at: place) }
      return nil
    }
    guard let start = time(line.value, line) else { return nil }
    var times = ICalendarEvent.Times(start: start, length: length(from: start))
    for line in lines {
      switch line.name {
      case "RRULE":
        var reader = RecurrenceRuleReader()
        let rule = reader.rule(line)
        mistakes += reader.mistakes
        if let rule { times.rules.append(rule) }
      case "EXRULE": note("`EXRULE` is not known here; name the days by `EXDATE`", at: line.place)
      case "RDATE": times.added += line.values(separatedBy: ",").compactMap { added($0, line) }
      case "EXDATE": times.excluded += line.values(separatedBy: ",").compactMap { time($0, line) }
      default: break
      }
    }
    return times
  }

  private mutating func length(from start: ICalendarTime) -> Int64 {
    let (end, span) = (single("DTEND"), single("DURATION"))
    if let end, span != nil { note("an event has either `DTEND` or `DURATION`", at: end.place) }
    if let end, let time = time(end.value, end) { return length(from: start, to: time) }
    guard let span else { return start.isDay ? ICalendarTime.day : 0 }
    do {
      let length = try ICalendarSpan(span.value)
      if start.isDay, length.hasClock {
        note("an event of whole days lasts days or weeks", at: span.value.place)
      }
      return start.isDay ? max(ICalendarTime.day, length.seconds) : length.seconds
    } catch {
      mistakes += error.all
      return 0
    }
  }

  private mutating func length(from start: ICalendarTime, to end: ICalendarTime) -> Int64 {
    guard start.isDay == end.isDay else {
      note("`DTSTART` and `DTEND` must both be days or both be times", at: end.place)
      return 0
    }
    let length = end.seconds - start.seconds
    // By the clock of another zone an end can seem to be before its start.
    if length < (start.zone == end.zone ? 0 : -100_000) { note("`DTEND` is before `DTSTART`", at: end.place) }
    return max(start.isDay ? ICalendarTime.day : 0, length)
  }

  /// Reads a start that is added: a day, a time, or a time with its end or its length.
  private mutating func added(
    _ field: ContentLine.Field, _ line: ContentLine
  ) -> (start: ICalendarTime, length: Int64?)? {
    let halves = field.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2 else { return time(field, line).map { ($0, nil) } }
    var place = field.place
    place.column += halves[0].unicodeScalars.count + 1
    let second = ContentLine.Field(text: String(halves[1]), place: place)
    guard let start = time(.init(text: String(halves[0]), place: field.place), line) else { return nil }
    guard !second.text.hasPrefix("P") else {
      do { return (start, try ICalendarSpan(second).seconds) } catch {
        mistakes += error.all
        return nil
      }
    }
    return time(second, line).map { (start, length(from: start, to: $0)) }
  }

  private mutating func time(_ field: ContentLine.Field, _ line: ContentLine) -> ICalendarTime? {
    do { return try ICalendarTime(field, of: line) } catch {
      mistakes += error.all
      return nil
    }
  }

  /// Returns the property that an event has at most once.
  private mutating func single(_ name: String) -> ContentLine? {
    let all = lines.filter { $0.name == name }
    if all.count > 1 { note("`\(name)` is given twice", at: all[1].place) }
    return all.first
  }

  private mutating func note(_ message: String, at place: TextPlace) {
    mistakes.append(Mistake(place: place, message: message))
  }
}
