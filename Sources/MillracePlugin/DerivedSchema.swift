internal import FoundationEssentials

/// JSON Schema of a `Decodable` type.
///
/// The type is decoded once from a ``SchemaRecorder``, which has an answer to everything and writes down what
/// it was asked for. So the schema says what synthesized conformances ask for: keys, types, and whether a
/// value may be missing.
enum DerivedSchema {
  /// Returns the JSON text; nil for no parameters.
  ///
  /// - Throws: ``SchemaProblem``.
  static func text<Kind: Decodable>(of type: Kind.Type, notes: [String: ParameterNote]) throws -> String? {
    if type == NoParameters.self { return nil }
    var schema = try SchemaTrail().schema(of: type).schema
    guard schema["type"] == "object" else {
      throw SchemaProblem("", "`\(type)` is no object of named values", hint: "make it a struct")
    }
    for (place, note) in notes.sorted(by: { $0.key < $1.key }) {
      try annotate(&schema, with: note, at: place, rest: place.split(separator: ".").map(String.init)[...])
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(JSONValue.object(schema)), as: UTF8.self)
  }

  /// Adds a note to the schema of the parameter at a path; the elements of a list have the list's path.
  private static func annotate(
    _ schema: inout [String: JSONValue], with note: ParameterNote, at place: String,
    rest: ArraySlice<String>
  ) throws {
    if schema["type"] == "array", !rest.isEmpty, var items = schema["items"]?.members {
      try annotate(&items, with: note, at: place, rest: rest)
      schema["items"] = .object(items)
      return
    }
    guard let name = rest.first, var properties = schema["properties"]?.members,
      var property = properties[name]?.members
    else {
      throw SchemaProblem(place, "there is a note on it but no such parameter", hint: "correct the note")
    }
    if rest.count > 1 {
      try annotate(&property, with: note, at: place, rest: rest.dropFirst())
    } else {
      try note.annotate(&property, at: place)
      if note.defaultValue != nil, case .array(let required)? = schema["required"] {
        let others = required.filter { $0 != .string(name) }
        schema["required"] = others.isEmpty ? nil : .array(others)
      }
    }
    properties[name] = .object(property)
    schema["properties"] = .object(properties)
  }
}

/// Where in the parameters one is, and in which types.
struct SchemaTrail {
  /// The names on the way, such as `size`, `width`.
  var names: [String] = []
  /// The types on the way that are decoded from a recorder.
  private var types: [any Any.Type] = []

  /// The path as it is shown.
  var place: String { names.joined(separator: ".") }

  /// Returns the trail to a value of this one.
  func at(_ key: any CodingKey) -> SchemaTrail {
    var trail = self
    trail.names.append(key.stringValue)
    return trail
  }

  /// Returns the schema of a type, and a value of it.
  ///
  /// - Throws: ``SchemaProblem`` if it can't be derived.
  func schema<Kind: Decodable>(
    of type: Kind.Type
  ) throws -> (schema: [String: JSONValue], example: Kind) {
    if let known = type as? any SchemaKnown.Type {
      let (schema, value) = try self.known(known)
      if let example = value as? Kind { return (schema, example) }
    }
    if let choice = try choice(of: type) { return choice }
    guard !types.contains(where: { $0 == type }) else {
      throw SchemaProblem(place, "`\(type)` holds values of its own type", hint: SchemaProblem.byHand)
    }
    var trail = self
    trail.types.append(type)
    let recorder = SchemaRecorder(trail)
    do {
      let example = try Kind(from: recorder)
      return (try recorder.schema(), example)
    } catch {
      throw recorder.problem ?? (error as? SchemaProblem) ?? undecodable(type)
    }
  }

  private func known<Kind: SchemaKnown>(
    _ type: Kind.Type
  ) throws -> (schema: [String: JSONValue], value: Any) {
    let known = try Kind.known(self)
    return (known.schema, known.example)
  }

  private func undecodable(_ type: any Any.Type) -> SchemaProblem {
    let hint =
      type is any RawRepresentable.Type
      ? "make it `CaseIterable`, so that its values are known" : SchemaProblem.byHand
    return SchemaProblem(place, "`\(type)` can't be decoded from an example", hint: hint)
  }

  /// Returns the schema of an enumeration of texts or whole numbers; nil if it is none.
  private func choice<Kind: Decodable>(
    of type: Kind.Type
  ) throws -> (schema: [String: JSONValue], example: Kind)? {
    guard let type = type as? any CaseIterable.Type else { return nil }
    let all = Self.cases(of: type)
    let values = all.compactMap { Self.rawValue(of: $0) }
    guard let example = all.first as? Kind, values.count == all.count else { return nil }
    let isText = values.allSatisfy { $0.text != nil }
    return (["type": isText ? "string" : "integer", "enum": .array(values)], example)
  }

  private static func cases<Kind: CaseIterable>(of type: Kind.Type) -> [Any] { Array(Kind.allCases) }

  private static func rawValue(of value: Any) -> JSONValue? {
    guard let value = value as? any RawRepresentable else { return nil }
    if let text = value.rawValue as? String { return .string(text) }
    return (value.rawValue as? any BinaryInteger).flatMap { Int64(exactly: $0) }.map { .int($0) }
  }
}
