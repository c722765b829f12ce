/// Puts values in the place of `{{name}}` in texts.
///
/// A text that is nothing but `{{name}}` becomes the value with its type; within a longer text the value is
/// written out. `{{item.path}}` is a member of an object. `{{{{` stands for `{{`.
struct Substitution {
  /// What there is to put in.
  let values: [String: JSONValue]
  /// Names that are known and have no value, with the reason: "give it with …".
  var missing: [String: String] = [:]
  /// Names whose values, and their members, nobody knows as yet: they are left as they are.
  var unknown: Set<String> = []
  /// What has been asked for, members and all.
  private(set) var used: Set<String> = []
  private(set) var mistakes: [Mistake] = []

  init(_ values: [String: JSONValue], missing: [String: String] = [:], unknown: Set<String> = []) {
    self.values = values
    self.missing = missing
    self.unknown = unknown
  }

  /// Returns a value with everything put in; what can't be is noted and left as it is.
  mutating func applied(to value: PlacedValue) -> PlacedValue {
    switch value {
    case .scalar(.string(let text), let place):
      return text.contains("{{") ? filled(text, at: place) : value
    case .scalar:
      return value
    case .list(let elements, let place):
      return .list(elements.map { applied(to: $0) }, place)
    case .object(let members, let place):
      return .object(members.map { applied(to: $0) }, place)
    }
  }

  /// Returns a member with everything put into its value.
  mutating func applied(to member: PlacedValue.Member) -> PlacedValue.Member {
    PlacedValue.Member(name: member.name, place: member.place, value: applied(to: member.value))
  }

  private mutating func filled(_ text: String, at place: TextPlace) -> PlacedValue {
    guard let parts = parts(of: text, at: place) else { return .scalar(.string(text), place) }
    if parts.count == 1, case .name(let name) = parts[0] {
      return value(of: name, at: place).map { PlacedValue($0, at: place) } ?? .scalar(.string(text), place)
    }
    var result = ""
    for part in parts {
      switch part {
      case .text(let literal): result += literal
      case .name(let name):
        guard let value = value(of: name, at: place) else { continue }
        guard let words = value.scalarText else {
          note("`\(name)` is \(value.kind) and can't be put into a longer text", at: place)
          continue
        }
        result += words
      }
    }
    return .scalar(.string(result), place)
  }

  private enum Part {
    case text(String)
    case name(String)
  }

  /// Cuts a text into what stands for itself and names; nil if it can't be read, which is noted.
  private mutating func parts(of text: String, at place: TextPlace) -> [Part]? {
    var parts: [Part] = []
    var literal = ""
    var rest = text[...]
    while !rest.isEmpty {
      if rest.hasPrefix("{{{{") {
        literal += "{{"
        rest = rest.dropFirst(4)
      } else if rest.hasPrefix("{{") {
        guard let end = rest.dropFirst(2).firstIndex(of: "}"), rest[end...].hasPrefix("}}") else {
          note("`{{` has no `}}`; write `{{{{` for two braces", at: place)
          return nil
        }
        let name = Self.trimmed(rest[rest.index(rest.startIndex, offsetBy: 2)..<end])
        if !literal.isEmpty { parts.append(.text(literal)) }
        literal = ""
        parts.append(.name(name))
        rest = rest[rest.index(end, offsetBy: 2)...]
      } else {
        literal.append(rest.removeFirst())
      }
    }
    if !literal.isEmpty || parts.isEmpty { parts.append(.text(literal)) }
    return parts
  }

  /// Whether something was asked for that nobody knows as yet.
  var hasMetUnknown: Bool { used.contains(where: isUnknown) }

  private func isUnknown(_ name: String) -> Bool {
    unknown.contains { name == $0 || name.hasPrefix($0 + ".") }
  }

  private mutating func value(of name: String, at place: TextPlace) -> JSONValue? {
    used.insert(name)
    if isUnknown(name) { return nil }
    if let value = values[name] { return value }
    let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if path.count > 1, let outer = values[path[0]] {
      var value = outer
      for member in path.dropFirst() {
        guard let inner = value.object?[member] else {
          note("`\(path[0])` has no member `\(path.dropFirst().joined(separator: "."))`", at: place)
          return nil
        }
        value = inner
      }
      return value
    }
    if let reason = missing[name] ?? missing[path[0]] {
      note("`\(name)` has no value: \(reason)", at: place)
    } else {
      let known = (Array(values.keys) + missing.keys).sorted()
      let question = Spelling.question(about: name, among: known)
      let all = known.isEmpty ? "; there are none" : "; there are \(known.joined(separator: ", "))"
      note("there is no parameter `\(name)`" + (question ?? all), at: place)
    }
    return nil
  }

  private mutating func note(_ message: String, at place: TextPlace) {
    mistakes.append(Mistake(place: place, message: message))
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop { $0 == " " }
    return String(
      start[..<(start.lastIndex { $0 != " " }.map { start.index(after: $0) } ?? start.startIndex)])
  }
}
