/// What a handler's parameters must look like: the part of JSON Schema (draft 2020-12) that describes plain
/// values, lists and objects.
///
/// Known are `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`, `minItems`,
/// `maxItems`, `uniqueItems`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`,
/// `maxLength`, `pattern`, `default`, `writeOnly` (a secret), and the words that only describe. Any other
/// word makes the schema unusable: a rule that is not checked would be a lie.
/// Source: https://json-schema.org/draft/2020-12/json-schema-validation
package struct ParameterSchema: Sendable, Equatable {
  /// The words that only describe.
  private static let annotations: Set<String> = [
    "$schema", "$id", "$comment", "title", "description", "examples", "format", "deprecated",
  ]
  private static let rules: Set<String> = [
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems",
    "maxItems", "uniqueItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
    "maxLength", "pattern", "default", "writeOnly",
  ]
  private static let types: Set<String> = [
    "null", "boolean", "integer", "number", "string", "array", "object",
  ]

  let types: Set<String>
  let words: [String: JSONValue]
  let properties: [String: ParameterSchema]
  let items: [ParameterSchema]
  let additional: Additional
  /// Whether its value, or one around it, may not be told in words.
  let isSecret: Bool

  /// What members that are not named in `properties` may be.
  enum Additional: Sendable, Equatable {
    case anything, nothing
    indirect case fitting(ParameterSchema)
  }

  /// Reads a schema.
  /// - Throws: `Refusal` (`invalid`) that names the place in the schema.
  package init(_ value: JSONValue) throws { try self.init(value, at: "the schema") }

  private init(_ value: JSONValue, at place: String, inSecret: Bool = false) throws {
    guard let words = value.object else {
      throw Refusal(.invalid, "\(place) must be an object")
    }
    for word in words.keys.sorted() where !Self.rules.contains(word) && !Self.annotations.contains(word) {
      throw Refusal(.invalid, "\(place) uses `\(word)`, which Millrace does not check")
    }
    for (word, value) in words.sorted(by: { $0.key < $1.key }) where !Self.canBe(value, of: word) {
      throw Refusal(.invalid, "\(place) has a value for `\(word)` that can't be")
    }
    self.words = words
    let isSecret = inSecret || words["writeOnly"] == .bool(true)
    self.isSecret = isSecret
    types = try Self.readTypes(words["type"], at: place)
    properties = try Dictionary(
      uniqueKeysWithValues: (words["properties"]?.object ?? [:]).map {
        (
          $0.key,
          try ParameterSchema($0.value, at: "\(place).properties.\($0.key)", inSecret: isSecret)
        )
      })
    items =
      try words["items"].map { [try ParameterSchema($0, at: "\(place).items", inSecret: isSecret)] } ?? []
    switch words["additionalProperties"] {
    case nil, .bool(true): additional = .anything
    case .bool(false): additional = .nothing
    case let rule?:
      additional = .fitting(
        try ParameterSchema(rule, at: "\(place).additionalProperties", inSecret: isSecret))
    }
    if let pattern = words["pattern"]?.string, (try? Regex(pattern)) == nil {  // Only whether it compiles.
      throw Refusal(.invalid, "\(place) has a pattern that is no regular expression: `\(pattern)`")
    }
  }

  /// Whether a word can have a value; what has a schema or a type in it is looked at where that is read.
  private static func canBe(_ value: JSONValue, of word: String) -> Bool {
    switch word {
    case "enum": return value.array != nil
    case "properties": return value.object != nil
    case "required": return value.array?.allSatisfy { $0.string != nil } ?? false
    case "uniqueItems", "writeOnly": return value == .bool(true) || value == .bool(false)
    case "pattern": return value.string != nil
    case "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
      "exclusiveMaximum":
      return value.number != nil
    default: return true
    }
  }

  private static func readTypes(_ value: JSONValue?, at place: String) throws -> Set<String> {
    let names: [JSONValue]
    switch value {
    case nil: return []
    case .array(let list): names = list
    case let one?: names = [one]
    }
    return try Set(
      names.map { name in
        guard let text = name.string, types.contains(text) else {
          let word = name.string.map { ": `\($0.prefix(40))`" } ?? ""
          throw Refusal(.invalid, "\(place) has an unknown type\(word)")
        }
        return text
      })
  }
}

extension ParameterSchema {
  /// Returns the parameters made of typed values and of texts, with defaults filled in, checked.
  /// - Throws: `Refusal` (`invalid`) with every mistake in its message.
  package func parameters(
    _ values: [String: JSONValue], arguments: [JobRequest.Argument]
  ) throws -> JSONValue {
    var values = values
    for name in arguments.map(\.name) where values[name] != nil {
      throw Refusal(.invalid, "parameter `\(name)` is given twice")
    }
    let times = Dictionary(grouping: arguments, by: \.name).mapValues(\.count)
    for argument in arguments {
      let schema = schema(of: argument.name)
      // One of several words may begin like a list (`[ -e x ]`); a single one is told how a list is written.
      let isWord = times[argument.name] != 1 || !argument.value.hasPrefix("[")
      if let schema, schema.types.contains("array"), isWord {
        let element = schema.items.first?.typed(argument.value) ?? .string(argument.value)
        values[argument.name] = .array((values[argument.name]?.array ?? []) + [element])
      } else if values[argument.name] != nil {
        throw Refusal(.invalid, "parameter `\(argument.name)` is given twice and is no list")
      } else {
        values[argument.name] = schema?.typed(argument.value) ?? .string(argument.value)
      }
    }
    let filled = fillingDefaults(.object(values))
    var mistakes: [String] = []
    check(filled, at: "", into: &mistakes)
    guard mistakes.isEmpty else {
      let structured = arguments.first { isNoText($0.name) && values[$0.name]?.string != nil }
      throw Refusal(
        .invalid, mistakes.joined(separator: "; "),
        hint: structured.map { "give it as JSON: `\($0.name):=…`" })
    }
    return filled
  }

  /// The rule for a parameter; nil if there is none.
  func schema(of name: String) -> ParameterSchema? {
    if let schema = properties[name] { return schema }
    if case .fitting(let rule) = additional { return rule }
    return nil
  }

  /// Whether a parameter is a list or an object and can't be a text.
  private func isNoText(_ name: String) -> Bool {
    guard let types = schema(of: name)?.types else { return false }
    return !types.contains("string") && !types.isDisjoint(with: ["array", "object"])
  }

  /// Returns a text with the type that the schema wants; the text itself if it can't have it, for the check
  /// to find.
  private func typed(_ text: String) -> JSONValue {
    if types.contains("integer"), let whole = Int64(text) { return .integer(whole) }
    if types.contains("number"), let number = Double(text), number.isFinite { return .number(number) }
    if types.contains("boolean"), let bool = Bool(text) { return .bool(bool) }
    if types.contains("null"), !types.contains("string"), text == "null" { return .null }
    return .string(text)
  }

  private func fillingDefaults(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(var members):
      for name in Set(properties.keys).union(members.keys) {
        guard let schema = schema(of: name), let given = members[name] ?? schema.words["default"] else {
          continue
        }
        members[name] = schema.fillingDefaults(given)
      }
      return .object(members)
    case .array(let elements):
      return .array(elements.map { items.first?.fillingDefaults($0) ?? $0 })
    case .null, .bool, .integer, .number, .string:
      return value
    }
  }
}
