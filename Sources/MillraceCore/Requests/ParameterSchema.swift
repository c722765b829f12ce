/// What a handler's parameters must look like: the part of JSON Schema (draft 2020-12) that describes plain
/// values, lists and objects.
///
/// Known are `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`, `minItems`,
/// `maxItems`, `uniqueItems`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`,
/// `maxLength`, `pattern`, `default`, and the words that only describe. Any other word makes the schema
/// unusable: a rule that is not checked would be a lie.
/// Source: https://json-schema.org/draft/2020-12/json-schema-validation
package struct ParameterSchema: Sendable, Equatable {
  /// The words that only describe.
  private static let annotations: Set<String> = [
    "$schema", "$id", "$comment", "title", "description", "examples", "format", "deprecated",
  ]
  private static let rules: Set<String> = [
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems",
    "maxItems", "uniqueItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
    "maxLength", "pattern", "default",
  ]
  private static let types: Set<String> = [
    "null", "boolean", "integer", "number", "string", "array", "object",
  ]

  let types: Set<String>
  let words: [String: JSONValue]
  let properties: [String: ParameterSchema]
  let items: [ParameterSchema]
  let additional: Additional

  /// What members that are not named in `properties` may be.
  enum Additional: Sendable, Equatable {
    case anything, nothing
    indirect case fitting(ParameterSchema)
  }

  /// Reads a schema.
  /// - Throws: `Refusal` (`invalid`) that names the place in the schema.
  package init(_ value: JSONValue) throws { try self.init(value, at: "the schema") }

  private init(_ value: JSONValue, at place: String) throws {
    guard let words = value.object else {
      throw Refusal(.invalid, "\(place) must be an object")
    }
    for word in words.keys.sorted() where !Self.rules.contains(word) && !Self.annotations.contains(word) {
      throw Refusal(.invalid, "\(place) uses `\(word)`, which Millrace does not check")
    }
    self.words = words
    types = try Self.readTypes(words["type"], at: place)
    properties = try Dictionary(
      uniqueKeysWithValues: (words["properties"]?.object ?? [:]).map {
        ($0.key, try ParameterSchema($0.value, at: "\(place).properties.\($0.key)"))
      })
    items = try words["items"].map { [try ParameterSchema($0, at: "\(place).items")] } ?? []
    switch words["additionalProperties"] {
    case nil, .bool(true): additional = .anything
    case .bool(false): additional = .nothing
    case let rule?: additional = .fitting(try ParameterSchema(rule, at: "\(place).additionalProperties"))
    }
    if let pattern = words["pattern"]?.string, (try? Regex(pattern)) == nil {  // Only whether it compiles.
      throw Refusal(.invalid, "\(place) has a pattern that is no regular expression: `\(pattern)`")
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
          throw Refusal(.invalid, "\(place) has an unknown type")
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
    for argument in arguments {
      let schema = properties[argument.name]
      if let schema, schema.types.contains("array"), !argument.value.hasPrefix("[") {
        let element = try schema.items.first?.typed(argument) ?? .string(argument.value)
        values[argument.name] = .array((values[argument.name]?.array ?? []) + [element])
      } else if values[argument.name] != nil {
        throw Refusal(.invalid, "parameter `\(argument.name)` is given twice and is no list")
      } else {
        values[argument.name] = try schema?.typed(argument) ?? .string(argument.value)
      }
    }
    let filled = fillingDefaults(.object(values))
    var mistakes: [String] = []
    check(filled, at: "", into: &mistakes)
    guard mistakes.isEmpty else {
      throw Refusal(.invalid, mistakes.joined(separator: "; "))
    }
    return filled
  }

  private func typed(_ argument: JobRequest.Argument) throws -> JSONValue {
    let text = argument.value
    if types.contains("integer"), let whole = Int64(text) { return .integer(whole) }
    if types.contains("number"), let number = Double(text), number.isFinite { return .number(number) }
    if types.contains("boolean"), let bool = Bool(text) { return .bool(bool) }
    if types.isEmpty || types.contains("string") { return .string(text) }
    if types.contains("null"), text == "null" { return .null }
    let wanted = types.sorted().joined(separator: " or ")
    throw Refusal(
      .invalid, "parameter `\(argument.name)` must be \(wanted), not `\(text)`",
      hint: types.isDisjoint(with: ["array", "object"]) ? nil : "give it as JSON: `\(argument.name):=…`")
  }

  private func fillingDefaults(_ value: JSONValue) -> JSONValue {
    guard var members = value.object else { return value }
    for (name, schema) in properties {
      if let given = members[name] {
        members[name] = schema.fillingDefaults(given)
      } else if let preset = schema.words["default"] {
        members[name] = preset
      }
    }
    return .object(members)
  }
}
