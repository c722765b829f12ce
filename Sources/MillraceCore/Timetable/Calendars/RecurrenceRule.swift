/// When an event comes again, of the rules of iCalendar those that go by days
/// ([RFC 5545, 3.3.10](https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10)).
struct RecurrenceRule {
  var frequency: Frequency
  var interval: Int64 = 1
  /// How often the event is there, the first time included; nil for no bound.
  var count: Int?
  /// It is not there after this; nil for no bound.
  var until: ICalendarTime?
  /// Empty for all.
  var months: [Int] = []
  /// Below zero from the end of the month; empty for all.
  var monthDays: [Int] = []
  /// Empty for all.
  var weekdays: [Weekday] = []
  /// Which days of each period, below zero from the end; empty for all.
  var positions: [Int] = []
  /// The day that a week begins with; 0 is Sunday.
  var weekStart = 1
  /// Where it stands.
  var place: TextPlace

  enum Frequency: String, CaseIterable {
    case yearly = "YEARLY"
    case monthly = "MONTHLY"
    case weekly = "WEEKLY"
    case daily = "DAILY"
  }

  /// A day of the week.
  struct Weekday {
    /// Which one of its month or year, below zero from the end; 0 for each.
    var ordinal: Int
    /// 0 is Sunday.
    var day: Int
  }
}

/// Reads the rule of an event and notes all that is wrong with it, or that is not known here.
struct RecurrenceRuleReader {
  private(set) var mistakes: [Mistake] = []
  private var fields: [String: ContentLine.Field] = [:]

  private static let known = [
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST",
  ]
  private static let weekdays = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]

  /// Returns the rule, which is only worth anything if there are no mistakes.
  mutating func rule(_ line: ContentLine) -> RecurrenceRule? {
    for part in line.values(separatedBy: ";") where !part.text.isEmpty { add(part) }
    guard let field = fields["FREQ"] else {
      note("`FREQ` is missing", at: line.value.place)
      return nil
    }
    guard let frequency = RecurrenceRule.Frequency(rawValue: field.text) else {
      let words = RecurrenceRule.Frequency.allCases.map(\.rawValue).joined(separator: ", ")
      note("`FREQ` must be one of \(words), not `\(field.text)`", at: field.place)
      return nil
    }
    var rule = RecurrenceRule(frequency: frequency, place: line.value.place)
    rule.interval = Int64(numbers("INTERVAL", 1...100_000, isList: false).first ?? 1)
    rule.count = numbers("COUNT", 1...1_000_000, isList: false).first
    if let field = fields["UNTIL"] {
      do { rule.until = try ICalendarTime(field, zone: .any) } catch { mistakes += error.all }
      if fields["COUNT"] != nil { note("a rule has either `COUNT` or `UNTIL`", at: field.place) }
    }
    rule.months = numbers("BYMONTH", 1...12)
    rule.monthDays = numbers("BYMONTHDAY", 1...31, isSigned: true)
    rule.positions = numbers("BYSETPOS", 1...366, isSigned: true)
    rule.weekdays = weekdays(frequency)
    if let field = fields["WKST"] {
      rule.weekStart = Self.weekdays.firstIndex(of: field.text) ?? 1
      if !Self.weekdays.contains(field.text) { noteWeekday(field, "WKST") }
    }
    checkTogether(rule)
    return rule
  }

  private mutating func add(_ part: ContentLine.Field) {
    let halves = part.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = halves[0].uppercased()
    guard halves.count == 2 else { return note("a part of a rule must be `NAME=value`", at: part.place) }
    guard Self.known.contains(name) else {
      let words = Self.known.joined(separator: ", ")
      return note("`\(name)` in a rule is not known here; known are \(words)", at: part.place)
    }
    var place = part.place
    place.column += halves[0].unicodeScalars.count + 1
    let field = ContentLine.Field(text: halves[1].uppercased(), place: place)
    if fields.updateValue(field, forKey: name) != nil { note("`\(name)` is given twice", at: part.place) }
  }

  private mutating func numbers(
    _ name: String, _ range: ClosedRange<Int>, isSigned: Bool = false, isList: Bool = true
  ) -> [Int] {
    guard let field = fields[name] else { return [] }
    let texts =
      isList ? field.text.split(separator: ",", omittingEmptySubsequences: false) : [field.text[...]]
    return texts.compactMap { text in
      let isNegative = isSigned && text.hasPrefix("-")
      let digits = isNegative || isSigned && text.hasPrefix("+") ? text.dropFirst() : text
      if let number = wholeNumber(digits), range.contains(number) { return isNegative ? -number : number }
      let sign = isSigned ? ", with `-` from the end" : ""
      note(
        "`\(name)` must be from \(range.lowerBound) to \(range.upperBound)\(sign), not `\(text)`",
        at: field.place)
      return nil
    }
  }

  private mutating func weekdays(_ frequency: RecurrenceRule.Frequency) -> [RecurrenceRule.Weekday] {
    guard let field = fields["BYDAY"] else { return [] }
    return field.text.split(separator: ",", omittingEmptySubsequences: false).compactMap { text in
      let part = ContentLine.Field(text: String(text), place: field.place)
      guard let day = Self.weekdays.firstIndex(of: String(text.suffix(2))) else {
        noteWeekday(part, "BYDAY")
        return nil
      }
      let number = text.dropLast(2)
      guard !number.isEmpty else { return .init(ordinal: 0, day: day) }
      let isSigned = number.hasPrefix("-") || number.hasPrefix("+")
      guard let ordinal = wholeNumber(isSigned ? number.dropFirst() : number), (1...53).contains(ordinal)
      else {
        noteWeekday(part, "BYDAY")
        return nil
      }
      guard frequency == .yearly || frequency == .monthly else {
        note("`\(text)`: only YEARLY and MONTHLY can count days of the week", at: field.place)
        return nil
      }
      return .init(ordinal: number.hasPrefix("-") ? -ordinal : ordinal, day: day)
    }
  }

  private mutating func checkTogether(_ rule: RecurrenceRule) {
    if let field = fields["BYMONTHDAY"], rule.frequency == .weekly {
      note("WEEKLY can't have `BYMONTHDAY`", at: field.place)
    }
    if let field = fields["BYSETPOS"], rule.months.isEmpty, rule.monthDays.isEmpty, rule.weekdays.isEmpty {
      note("`BYSETPOS` needs `BYMONTH`, `BYMONTHDAY` or `BYDAY` beside it", at: field.place)
    }
  }

  private mutating func noteWeekday(_ field: ContentLine.Field, _ name: String) {
    let words = Self.weekdays.joined(separator: ", ")
    let ordinal = name == "BYDAY" ? ", with a number from 1 to 53 or -1 to -53 before it if need be" : ""
    note("`\(name)` must have days of \(words)\(ordinal), not `\(field.text)`", at: field.place)
  }

  private mutating func note(_ message: String, at place: TextPlace) {
    mistakes.append(Mistake(place: place, message: message))
  }
}
