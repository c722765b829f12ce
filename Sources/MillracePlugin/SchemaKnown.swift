internal import FoundationEssentials

/// A type whose schema is known without decoding it.
protocol SchemaKnown: Decodable {
  /// Returns its schema and a value of it.
  static func known(_ trail: SchemaTrail) throws -> Known
}

extension SchemaKnown {
  /// What is known of a type.
  typealias Known = (schema: [String: JSONValue], example: Self)
}

extension Bool: SchemaKnown {
  static func known(_ trail: SchemaTrail) -> Known { (["type": "boolean"], false) }
}

extension String: SchemaKnown {
  static func known(_ trail: SchemaTrail) -> Known { (["type": "string"], "") }
}

extension Double: SchemaKnown {
  static func known(_ trail: SchemaTrail) -> Known { (["type": "number"], 0) }
}

extension Float: SchemaKnown {
  static func known(_ trail: SchemaTrail) -> Known { (["type": "number"], 0) }
}

// JSON Schema has no bound of 64 bits to tell; the decoder refuses what does not fit.
extension SchemaKnown where Self: FixedWidthInteger {
  static func known(_ trail: SchemaTrail) -> Known {
    var schema: [String: JSONValue] = ["type": "integer"]
    if !isSigned || bitWidth < 64 { schema["minimum"] = .int(Int64(min)) }
    if bitWidth < 64 { schema["maximum"] = .int(Int64(max)) }
    return (schema, 0)
  }
}

extension Int: SchemaKnown {}
extension Int8: SchemaKnown {}
extension Int16: SchemaKnown {}
extension Int32: SchemaKnown {}
extension Int64: SchemaKnown {}
extension UInt: SchemaKnown {}
extension UInt8: SchemaKnown {}
extension UInt16: SchemaKnown {}
extension UInt32: SchemaKnown {}
extension UInt64: SchemaKnown {}

extension Date: SchemaKnown {
  static func known(_ trail: SchemaTrail) -> Known {
    (["type": "string", "format": "date-time"], Date(timeIntervalSince1970: 0))
  }
}

extension UUID: SchemaKnown {
  static func known(_ trail: SchemaTrail) -> Known { (["type": "string", "format": "uuid"], UUID()) }
}

extension URL: SchemaKnown {
  static func known(_ trail: SchemaTrail) -> Known {
    (["type": "string", "format": "uri"], URL(filePath: "/"))
  }
}

extension Data: SchemaKnown {
  static func known(_ trail: SchemaTrail) -> Known {
    (["type": "string", "format": "byte"], Data())
  }
}

extension Optional: SchemaKnown where Wrapped: Decodable {
  static func known(_ trail: SchemaTrail) throws -> Known {
    throw SchemaProblem(trail.place, "`null` is no value of JSON Schema's types", hint: SchemaProblem.byHand)
  }
}

extension Array: SchemaKnown where Element: Decodable {
  static func known(_ trail: SchemaTrail) throws -> Known {
    (["type": "array", "items": .object(try trail.schema(of: Element.self).schema)], [])
  }
}

extension Set: SchemaKnown where Element: Decodable {
  static func known(_ trail: SchemaTrail) throws -> Known {
    (["type": "array", "items": .object(try trail.schema(of: Element.self).schema)], [])
  }
}

extension Dictionary: SchemaKnown where Key: Decodable, Value: Decodable {
  static func known(_ trail: SchemaTrail) throws -> Known {
    guard Key.self == String.self else {
      throw SchemaProblem(trail.place, "the keys of `\(Self.self)` are no texts", hint: SchemaProblem.byHand)
    }
    let values = try trail.schema(of: Value.self).schema
    return (["type": "object", "additionalProperties": .object(values)], [:])
  }
}
