extension DayCalendar {
  /// The lists that a calendar's file can have.
  private static let lists = ["dates", "weekdays", "yearly"]

  /// Reads a calendar as people write it; a day that any of the lists has is one of the calendar.
  ///
  /// ```yaml
  /// dates: [2026-12-25, 2026-12-31..2027-01-01]
  /// weekdays: [sat, sun]
  /// yearly: [12-25, 02-29]
  /// ```
  ///
  /// - Throws: `Mistakes` with all that is wrong with it.
  package init(_ tree: PlacedValue) throws(Mistakes) {
    var reader = TreeReader()
    var ranges: [ClosedRange<Int64>] = []
    var weekdays: Set<Int> = []
    var yearly: Set<YearDay> = []
    let members = reader.members(of: tree, known: Self.lists)
    for member in members {
      for (text, place) in Self.texts(member, &reader) {
        switch member.name {
        case "dates": if let range = Self.range(text, place, &reader) { ranges.append(range) }
        case "weekdays": if let day = Self.weekday(text, place, &reader) { weekdays.insert(day) }
        default: if let day = Self.yearDay(text, place, &reader) { yearly.insert(day) }
        }
      }
    }
    if members.isEmpty, reader.mistakes.isEmpty {
      reader.note("there is no day in it; there can be \(Self.lists.joined(separator: ", "))", at: tree.place)
    }
    try Mistakes.demandNone(reader.mistakes)
    self.init(ranges, weekdays: weekdays, yearly: yearly)
  }

  private static func texts(
    _ member: PlacedValue.Member, _ reader: inout TreeReader
  ) -> [(text: String, place: TextPlace)] {
    guard case .list(let elements, _) = member.value else {
      let example = ["dates": "2026-12-25", "weekdays": "sat, sun"][member.name] ?? "12-25"
      reader.note(
        "`\(member.name)` must be a list: `[\(example)]`, not \(member.value.kind)", at: member.value.place)
      return []
    }
    return elements.compactMap { element in
      if case .scalar(let value, let place) = element, let text = value.scalarText { return (text, place) }
      reader.note("an element of `\(member.name)` must be a text, not \(element.kind)", at: element.place)
      return nil
    }
  }

  /// Reads a day, or the first and the last of some.
  private static func range(
    _ text: String, _ place: TextPlace, _ reader: inout TreeReader
  ) -> ClosedRange<Int64>? {
    let ends = text.split(separator: "..", maxSplits: 1, omittingEmptySubsequences: false)
    let days = ends.map { day($0) }
    guard let first = days[0], let last = days[days.count - 1] else {
      reader.note(
        "`dates` must have days like 2026-12-25 (years 0000 to 9999) or 2026-12-31..2027-01-01, "
          + "not `\(text)`",
        at: place)
      return nil
    }
    guard first <= last else {
      reader.note("the range `\(text)` goes backwards: the earlier day comes first", at: place)
      return nil
    }
    return first...last
  }

  private static func day(_ text: Substring) -> Int64? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [4, 2, 2], let year = wholeNumber(parts[0]),
      let month = wholeNumber(parts[1]), let day = wholeNumber(parts[2])
    else { return nil }
    return CivilDate(year: Int64(year), month: month, day: day)?.daysSinceEpoch
  }

  private static func weekday(_ text: String, _ place: TextPlace, _ reader: inout TreeReader) -> Int? {
    let names = CronField.dayOfWeek.names
    if let day = names.firstIndex(of: text.lowercased()) { return day }
    let question = Spelling.question(about: text.lowercased(), among: names) ?? ""
    reader.note(
      "`weekdays` must have days of \(names.joined(separator: ", ")), not `\(text)`\(question)", at: place)
    return nil
  }

  private static func yearDay(_ text: String, _ place: TextPlace, _ reader: inout TreeReader) -> YearDay? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    if parts.map(\.utf8.count) == [2, 2], let month = wholeNumber(parts[0]), let day = wholeNumber(parts[1]),
      let yearDay = YearDay(month: month, day: day)
    {
      return yearDay
    }
    reader.note("`yearly` must have a month and a day like 12-25, not `\(text)`", at: place)
    return nil
  }
}
