/// Reads a `YearlyRule` from its text: `EET-2EEST,M3.5.0/3,M10.5.0/4`.
struct YearlyRuleReader {
  private var rest: Substring

  /// Returns the rule; nil if the text is none.
  static func rule(_ text: String) -> YearlyRule? {
    var reader = YearlyRuleReader(rest: text[...])
    guard let rule = reader.rule(), reader.rest.isEmpty else { return nil }
    return rule
  }

  private mutating func rule() -> YearlyRule? {
    // The text counts west of Greenwich.
    guard skipName(), let west = time(hours: 24) else { return nil }
    var rule = YearlyRule(standardOffset: -west)
    if rest.isEmpty { return rule }
    guard skipName() else { return nil }
    var offset = rule.standardOffset + 3600
    if let next = rest.first, next != "," {
      guard let west = time(hours: 24) else { return nil }
      offset = -west
    }
    // Where no days are told, those of the United States are meant.
    if rest.isEmpty { rest = ",M3.2.0,M11.1.0" }
    guard skip(","), let start = change(), skip(","), let end = change() else { return nil }
    rule.daylight = .init(offset: offset, start: start, end: end)
    return rule
  }

  private mutating func change() -> YearlyRule.Change? {
    guard let day = day() else { return nil }
    guard skip("/") else { return .init(day: day, second: 7200) }
    guard let second = time(hours: 167) else { return nil }
    return .init(day: day, second: second)
  }

  private mutating func day() -> YearlyRule.Change.Day? {
    if skip("J") { return number(1...365).map { .julian($0) } }
    guard skip("M") else { return number(0...365).map { .zeroBased($0) } }
    guard let month = number(1...12), skip("."), let week = number(1...5), skip("."),
      let weekday = number(0...6)
    else { return nil }
    return .weekday(month: Int(month), week: week, weekday: Int(weekday))
  }

  /// Reads `2`, `-3:30`, `+1:00:30` as seconds.
  private mutating func time(hours: Int64) -> Int64? {
    let sign: Int64 = skip("-") ? -1 : 1
    if sign == 1 { _ = skip("+") }
    guard var seconds = number(0...hours).map({ $0 * 3600 }) else { return nil }
    for unit: Int64 in [60, 1] where skip(":") {
      guard let part = number(0...59) else { return nil }
      seconds += part * unit
    }
    return sign * seconds
  }

  /// Passes `EET` or `<+0330>`; nothing needs the name.
  private mutating func skipName() -> Bool {
    let isQuoted = skip("<")
    let name = rest.prefix { character in
      character.isASCII
        && (character.isLetter || isQuoted && (character.isNumber || "+-".contains(character)))
    }
    rest = rest.dropFirst(name.count)
    return name.count >= 3 && (!isQuoted || skip(">"))
  }

  private mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard digits.count <= 3, let number = Int64(digits), range.contains(number) else { return nil }
    rest = rest.dropFirst(digits.count)
    return number
  }

  private mutating func skip(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }
}
