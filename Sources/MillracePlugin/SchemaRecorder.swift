/// A decoder that writes down what a type asks for instead of reading it.
final class SchemaRecorder: Decoder {
  let userInfo: [CodingUserInfoKey: Any] = [:]
  var codingPath: [any CodingKey] { [] }

  /// The first thing that went wrong: the type may have caught the error.
  private(set) var problem: SchemaProblem?

  private let trail: SchemaTrail
  private var shape: Shape?

  /// What the value must be, as far as it was asked for.
  private enum Shape {
    case object(properties: [String: JSONValue], required: Set<String>)
    case array(items: JSONValue?)
    case single([String: JSONValue])
  }

  init(_ trail: SchemaTrail) { self.trail = trail }

  /// Returns what was asked for.
  func schema() throws -> [String: JSONValue] {
    if let problem { throw problem }
    switch shape {
    case .object(let properties, let required):
      var schema: [String: JSONValue] = [
        "type": "object", "additionalProperties": false, "properties": .object(properties),
      ]
      if !required.isEmpty { schema["required"] = .array(required.sorted().map { .string($0) }) }
      return schema
    case .array(let items?): return ["type": "array", "items": items]
    case .array(nil): return ["type": "array"]
    case .single(let schema): return schema
    case nil: return ["type": "object", "additionalProperties": false, "properties": [:]]
    }
  }

  // MARK: What types ask for

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    switch shape {
    case nil: shape = .object(properties: [:], required: [])
    case .object: break
    case .array, .single: throw refuse("it asks for values of several shapes")
    }
    return KeyedDecodingContainer(KeyedRecorder<Key>(recorder: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard shape == nil else { throw refuse("it asks for values of several shapes") }
    shape = .array(items: nil)
    return ListRecorder(recorder: self)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    guard shape == nil else { throw refuse("it asks for values of several shapes") }
    return SingleRecorder(recorder: self)
  }

  /// Notes a member; returns an example of it.
  func member<Kind: Decodable>(_ type: Kind.Type, _ key: any CodingKey, isRequired: Bool) throws -> Kind {
    let (schema, example) = try keepingProblems { try trail.at(key).schema(of: type) }
    guard case .object(var properties, var required)? = shape else { return example }
    let name = key.stringValue
    if let before = properties[name], before != .object(schema) {
      throw refuse("it asks for `\(name)` as values of several types")
    }
    if !isRequired {
      required.remove(name)
    } else if properties[name] == nil {
      required.insert(name)
    }
    properties[name] = .object(schema)
    shape = .object(properties: properties, required: required)
    return example
  }

  /// Notes an element; returns an example of it.
  func element<Kind: Decodable>(_ type: Kind.Type) throws -> Kind {
    let (schema, example) = try keepingProblems { try trail.schema(of: type) }
    if case .array(let items?)? = shape, items != .object(schema) {
      throw refuse("its elements are of several types")
    }
    shape = .array(items: .object(schema))
    return example
  }

  /// Notes that the value is of a type; returns an example of it.
  func value<Kind: Decodable>(_ type: Kind.Type) throws -> Kind {
    let (schema, example) = try keepingProblems { try trail.schema(of: type) }
    shape = .single(schema)
    return example
  }

  /// Notes that no schema can be made, and returns the reason.
  func refuse(_ reason: String) -> SchemaProblem {
    let refusal = SchemaProblem(trail.place, reason, hint: SchemaProblem.byHand)
    problem = problem ?? refusal
    return refusal
  }

  private func keepingProblems<Value>(_ body: () throws -> Value) throws -> Value {
    do { return try body() } catch {
      problem = problem ?? (error as? SchemaProblem)
      throw error
    }
  }
}

/// Writes down the members that are asked for.
private struct KeyedRecorder<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let recorder: SchemaRecorder

  var codingPath: [any CodingKey] { [] }
  var allKeys: [Key] { [] }
  func contains(_ key: Key) -> Bool { true }
  func decodeNil(forKey key: Key) throws -> Bool { false }

  func decode<Kind: Decodable>(_ type: Kind.Type, forKey key: Key) throws -> Kind {
    try recorder.member(type, key, isRequired: true)
  }

  // One for each type: the protocol's own would be taken else, which ask as if the value were required.
  func decodeIfPresent<Kind: Decodable>(_ type: Kind.Type, forKey key: Key) throws -> Kind? {
    try recorder.member(type, key, isRequired: false)
  }
  func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(type, key) }
  func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(type, key) }
  func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(type, key) }
  func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try optional(type, key) }
  func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(type, key) }
  func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try optional(type, key) }
  func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try optional(type, key) }
  func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try optional(type, key) }
  func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(type, key) }
  func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try optional(type, key) }
  func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try optional(type, key) }
  func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try optional(type, key) }
  func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try optional(type, key) }
  func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try optional(type, key) }

  private func optional<Kind: Decodable>(_ type: Kind.Type, _ key: Key) throws -> Kind? {
    try recorder.member(type, key, isRequired: false)
  }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> {
    throw recorder.refuse("it reads the members of `\(key.stringValue)` by itself")
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    throw recorder.refuse("it reads the elements of `\(key.stringValue)` by itself")
  }
  func superDecoder() throws -> any Decoder { throw recorder.refuse("it is a subclass") }
  func superDecoder(forKey key: Key) throws -> any Decoder { throw recorder.refuse("it is a subclass") }
}

/// Writes down the elements that are asked for; it seems to have one.
private struct ListRecorder: UnkeyedDecodingContainer {
  let recorder: SchemaRecorder
  private(set) var currentIndex = 0

  init(recorder: SchemaRecorder) { self.recorder = recorder }

  var codingPath: [any CodingKey] { [] }
  var count: Int? { 1 }
  var isAtEnd: Bool { currentIndex >= 1 }
  mutating func decodeNil() throws -> Bool { false }

  mutating func decode<Kind: Decodable>(_ type: Kind.Type) throws -> Kind {
    currentIndex += 1
    return try recorder.element(type)
  }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> {
    throw recorder.refuse("it reads the members of its elements by itself")
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    throw recorder.refuse("it reads lists in a list by itself")
  }
  mutating func superDecoder() throws -> any Decoder { throw recorder.refuse("it is a subclass") }
}

/// Writes down which type the value has.
private struct SingleRecorder: SingleValueDecodingContainer {
  let recorder: SchemaRecorder

  var codingPath: [any CodingKey] { [] }
  func decodeNil() -> Bool { false }
  func decode<Kind: Decodable>(_ type: Kind.Type) throws -> Kind { try recorder.value(type) }
}
