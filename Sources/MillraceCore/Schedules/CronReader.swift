/// Reads the text of a cron expression and notes all that is wrong with it.
struct CronReader {
  private(set) var mistakes: [Mistake] = []
  private let place: TextPlace

  init(at place: TextPlace) { self.place = place }

  /// A part of the text, and how many scalars are before it.
  struct Part {
    var text: Substring
    var start: Int

    /// Returns what is between some characters.
    func split(_ isSeparator: (Character) -> Bool, maxSplits: Int = .max) -> [Part] {
      text.split(maxSplits: maxSplits, omittingEmptySubsequences: false, whereSeparator: isSeparator).map {
        let before = text.unicodeScalars[..<$0.startIndex]
        return Part(text: $0, start: start + before.count)
      }
    }
  }

  /// Returns the numbers of each field as bits, and whether it starts with a star; only worth anything if
  /// there are no mistakes.
  mutating func fields(of text: String) -> [(bits: UInt64, isStar: Bool)] {
    let whole = Part(text: text[...], start: 0)
    guard text.unicodeScalars.count <= CronExpression.longest else {
      note("it has over \(CronExpression.longest) characters", at: whole)
      return []
    }
    let parts = whole.split { $0 == " " || $0 == "\t" }.filter { !$0.text.isEmpty }
    if let name = parts.first, name.text.hasPrefix("@") {
      guard parts.count > 1 else { return named(name) }
      note("nothing may follow `\(name.text)`", at: parts[1])
      return []
    }
    let names = CronField.allCases.map { $0.name.split(separator: " ").joined(separator: "-") }
    let order = names.joined(separator: " ")
    let fields = zip(CronField.allCases, parts).map { read($1, as: $0) }
    if parts.count > 5 {
      note("there are \(parts.count) fields; allowed are five: \(order)", at: parts[5])
    } else if parts.count < 5 {
      let end = Part(text: "", start: (parts.last.map { $0.start + $0.text.unicodeScalars.count } ?? 0))
      let missing = names[parts.count...].joined(separator: ", ")
      note("\(missing) missing; the five fields are: \(order)", at: end)
    }
    return fields
  }

  /// The names that stand for whole expressions.
  static let named = [
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
  ]

  private mutating func named(_ part: Part) -> [(bits: UInt64, isStar: Bool)] {
    if let expression = Self.named[part.text.lowercased()] { return fields(of: expression) }
    let names = Self.named.keys.sorted()
    let why = part.text.lowercased() == "@reboot" ? ", which is no time" : ""
    let question = why.isEmpty ? Spelling.question(about: String(part.text), among: names) ?? "" : ""
    note(
      "there is no `\(part.text)`\(why); allowed are \(names.joined(separator: ", "))\(question)", at: part)
    return []
  }

  private mutating func read(_ part: Part, as field: CronField) -> (bits: UInt64, isStar: Bool) {
    var bits: UInt64 = 0
    for item in part.split({ $0 == "," }) { bits |= self.item(item, field) }
    return (bits, part.text.hasPrefix("*"))
  }

  /// Reads `*`, `5`, `1-5`, `*/15`, `1-30/2`.
  private mutating func item(_ part: Part, _ field: CronField) -> UInt64 {
    guard !part.text.isEmpty else {
      note("there is nothing beside a comma of the \(field.name); allowed are \(field.allowed)", at: part)
      return 0
    }
    let halves = part.split({ $0 == "/" }, maxSplits: 1)
    let step = halves.count == 2 ? self.step(halves[1], field) : 1
    guard let range = range(halves[0], field, hasStep: halves.count == 2) else { return 0 }
    guard let step else { return 0 }
    return stride(from: range.lowerBound, through: range.upperBound, by: min(step, 100)).reduce(0) {
      $0 | 1 << UInt64($1)
    }
  }

  private mutating func step(_ part: Part, _ field: CronField) -> Int? {
    if let step = wholeNumber(part.text), step > 0 { return step }
    note("`\(part.text)` is no step of the \(field.name); allowed are numbers from 1 on", at: part)
    return nil
  }

  private mutating func range(_ part: Part, _ field: CronField, hasStep: Bool) -> ClosedRange<Int>? {
    if part.text == "*" { return field.range }
    let ends = part.split({ $0 == "-" }, maxSplits: 1)
    let numbers = ends.map { number($0, field) }
    guard let first = numbers[0], let last = numbers[numbers.count - 1] else { return nil }
    if ends.count == 1, hasStep {
      let range = "`\(part.text)-\(field.range.upperBound)/…`"
      note("`\(part.text)` is no range that could have steps; write `*/…` or \(range)", at: part)
      return nil
    }
    guard first <= last else {
      let sunday = field == .dayOfWeek && last == 0 ? "; at the end Sunday is 7" : ""
      note("the range `\(part.text)` of the \(field.name) goes backwards\(sunday)", at: part)
      return nil
    }
    return first...last
  }

  private mutating func number(_ part: Part, _ field: CronField) -> Int? {
    if let number = field.number(part.text) { return number }
    let question = Spelling.question(about: part.text.lowercased(), among: field.names)
    note(
      (part.text.isEmpty ? "a \(field.name) is missing" : "`\(part.text)` is no \(field.name)")
        + "; allowed are \(field.allowed)" + (part.text.isEmpty ? "" : question ?? ""), at: part)
    return nil
  }

  private mutating func note(_ message: String, at part: Part) {
    mistakes.append(
      Mistake(place: TextPlace(line: place.line, column: place.column + part.start), message: message))
  }
}
