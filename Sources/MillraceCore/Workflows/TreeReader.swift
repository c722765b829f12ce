/// Reads values of a tree and notes what is not as it must be.
struct TreeReader {
  private(set) var mistakes: [Mistake] = []

  mutating func note(_ message: String, at place: TextPlace) {
    mistakes.append(Mistake(place: place, message: message))
  }

  mutating func note(_ others: [Mistake]) { mistakes += others }

  /// Returns the members of an object; those that are not `known` (if given) are mistakes. The whole file has
  /// no name.
  mutating func members(
    of value: PlacedValue, called name: String? = nil, known: [String]? = nil
  ) -> [PlacedValue.Member] {
    guard case .object(let members, _) = value else {
      let subject = name.map { "`\($0)`" } ?? "the file"
      note("\(subject) must have names with values below it, not \(value.kind)", at: value.place)
      return []
    }
    guard let known else { return members }
    return members.filter { member in
      if known.contains(member.name) { return true }
      let question = Spelling.question(about: member.name, among: known)
      note(
        "there is no setting `\(name.map { "\($0)." } ?? "")\(member.name)`"
          + (question ?? "; there are \(known.joined(separator: ", "))"), at: member.place)
      return false
    }
  }

  /// Reads a text that is not empty; a number or truth value is taken as its text.
  mutating func text(_ member: PlacedValue.Member) -> String? {
    guard case .scalar(let value, _) = member.value, let text = value.scalarText else {
      note("`\(member.name)` must be a text, not \(member.value.kind)", at: member.value.place)
      return nil
    }
    guard !text.isEmpty else {
      note("`\(member.name)` must not be empty", at: member.value.place)
      return nil
    }
    return text
  }

  /// Reads a value that `parse` makes of the text; `what` says what it must be.
  mutating func value<Value>(
    _ member: PlacedValue.Member, _ what: String, _ parse: (String) -> Value?
  ) -> Value? {
    guard let text = text(member) else { return nil }
    guard let value = parse(text) else {
      note("`\(member.name)` must be \(what), not `\(text)`", at: member.value.place)
      return nil
    }
    return value
  }

  /// Reads a size.
  mutating func bytes(_ member: PlacedValue.Member) -> Bytes? {
    value(member, "a size, like 256M") { text in Bytes(text: text).flatMap { $0 > .zero ? $0 : nil } }
  }

  /// Reads a span of time.
  mutating func duration(_ member: PlacedValue.Member) -> Duration? {
    value(member, "a span of time, like 30s or 1h30m") { Duration(text: $0) }
  }

  /// Reads a whole number.
  mutating func count(_ member: PlacedValue.Member, _ range: ClosedRange<Int>) -> Int? {
    value(member, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// Reads processors as thousandths.
  mutating func processors(_ member: PlacedValue.Member) -> Int64? {
    value(member, "a number of processors, like 0.5 or 2") { text in
      guard let number = Double(text), (0.01...4096).contains(number) else { return nil }
      return Int64((number * 1000).rounded())
    }
  }

  /// Reads a name as handlers, workflows and steps have them.
  mutating func name(_ member: PlacedValue.Member) -> String? {
    value(member, "a name (1 to 64 of `a-z 0-9 - _ .`, a letter first)") {
      Handler.isValidName($0) ? $0 : nil
    }
  }
}
