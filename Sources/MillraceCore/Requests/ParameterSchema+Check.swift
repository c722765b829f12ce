extension ParameterSchema {
  /// Adds every mistake of a value to `mistakes`; `path` is empty for the parameters as a whole.
  func check(_ value: JSONValue, at path: String, into mistakes: inout [String]) {
    let name = path.isEmpty ? "the parameters" : "parameter `\(path)`"
    guard types.isEmpty || !types.isDisjoint(with: Self.names(of: value)) else {
      let wanted = types.sorted().joined(separator: " or ")
      mistakes.append("\(name) must be \(wanted), not \(isSecret ? "what it is" : Self.kind(of: value))")
      return
    }
    if let allowed = words["enum"]?.array, !allowed.map(\.canonical).contains(value.canonical) {
      mistakes.append("\(name) must be one of \(allowed.map(Self.text).joined(separator: ", "))")
    }
    if let only = words["const"], only.canonical != value.canonical {
      mistakes.append("\(name) must be \(Self.text(only))")
    }
    switch value {
    case .string(let text): check(text: text, name, into: &mistakes)
    case .integer, .number: check(number: value.number ?? 0, name, into: &mistakes)
    case .array(let elements): check(elements: elements, name, path, into: &mistakes)
    case .object(let members): check(members: members, path, into: &mistakes)
    case .null, .bool: break
    }
  }

  private func check(text: String, _ name: String, into mistakes: inout [String]) {
    let length = Double(text.unicodeScalars.count)
    if let bound = words["minLength"]?.number, length < bound {
      mistakes.append("\(name) must have at least \(Self.text(bound)) characters")
    }
    if let bound = words["maxLength"]?.number, length > bound {
      mistakes.append("\(name) must have at most \(Self.text(bound)) characters")
    }
    if let pattern = words["pattern"]?.string {
      // It compiled when the schema was read.
      let matches = (try? Regex(pattern)).map { text.firstMatch(of: $0) != nil } ?? false
      if !matches { mistakes.append("\(name) must match `\(pattern)`") }
    }
  }

  private func check(number: Double, _ name: String, into mistakes: inout [String]) {
    if let bound = words["minimum"]?.number, number < bound {
      mistakes.append("\(name) must be at least \(Self.text(bound))")
    }
    if let bound = words["maximum"]?.number, number > bound {
      mistakes.append("\(name) must be at most \(Self.text(bound))")
    }
    if let bound = words["exclusiveMinimum"]?.number, number <= bound {
      mistakes.append("\(name) must be above \(Self.text(bound))")
    }
    if let bound = words["exclusiveMaximum"]?.number, number >= bound {
      mistakes.append("\(name) must be below \(Self.text(bound))")
    }
  }

  private func check(
    elements: [JSONValue], _ name: String, _ path: String, into mistakes: inout [String]
  ) {
    if let bound = words["minItems"]?.number, Double(elements.count) < bound {
      mistakes.append("\(name) must have at least \(Self.text(bound)) elements")
    }
    if let bound = words["maxItems"]?.number, Double(elements.count) > bound {
      mistakes.append("\(name) must have at most \(Self.text(bound)) elements")
    }
    if words["uniqueItems"] == .bool(true), Set(elements.map(\.canonical)).count < elements.count {
      mistakes.append("\(name) must not have an element twice")
    }
    guard let rule = items.first else { return }
    for (index, element) in elements.enumerated() {
      rule.check(element, at: "\(path)[\(index)]", into: &mistakes)
    }
  }

  private func check(members: [String: JSONValue], _ path: String, into mistakes: inout [String]) {
    func inner(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
    for name in (words["required"]?.array ?? []).compactMap(\.string) where members[name] == nil {
      mistakes.append("parameter `\(inner(name))` is missing")
    }
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      if let schema = properties[name] {
        schema.check(value, at: inner(name), into: &mistakes)
        continue
      }
      switch additional {
      case .anything: break
      case .nothing: mistakes.append("there is no parameter `\(inner(name))`")
      case .fitting(let rule): rule.check(value, at: inner(name), into: &mistakes)
      }
    }
  }

  /// The names of types that a value has; a whole number is an `integer` and a `number`.
  private static func names(of value: JSONValue) -> Set<String> {
    switch value {
    case .null: ["null"]
    case .bool: ["boolean"]
    case .integer: ["integer", "number"]
    case .number(let number): number == number.rounded() ? ["integer", "number"] : ["number"]
    case .string: ["string"]
    case .array: ["array"]
    case .object: ["object"]
    }
  }

  /// A wrong value in words; of a long text the first 40 characters.
  private static func kind(of value: JSONValue) -> String {
    switch value {
    case .string(let text) where text.count > 40: "`\(text.prefix(40))…`"
    case .array: "a list"
    case .object: "an object"
    case .null, .bool, .integer, .number, .string: text(value)
    }
  }

  private static func text(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
  }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): "`\(text)`"
    case .integer(let whole): "\(whole)"
    case .number(let number): text(number)
    case .bool(let bool): "\(bool)"
    case .null: "null"
    case .array, .object: "a certain \(value.array == nil ? "object" : "list")"
    }
  }
}

extension JSONValue {
  /// The same value with whole numbers written in one way: JSON makes no difference between `1` and `1.0`.
  fileprivate var canonical: JSONValue {
    switch self {
    case .number(let number) where number == number.rounded() && abs(number) < 0x1p53:
      .integer(Int64(number))
    case .array(let elements): .array(elements.map(\.canonical))
    case .object(let members): .object(members.mapValues(\.canonical))
    case .null, .bool, .integer, .number, .string: self
    }
  }
}
