/// Any JSON value; a whole number stays whole.
package indirect enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// The members, if this is an object.
  package var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }

  /// The elements, if this is an array.
  package var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

  /// The text, if this is a string.
  package var string: String? { if case .string(let text) = self { text } else { nil } }

  /// The number, whole or not, if this is one.
  package var number: Double? {
    switch self {
    case .integer(let whole): Double(whole)
    case .number(let number): number
    case .null, .bool, .string, .array, .object: nil
    }
  }
}

extension JSONValue: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    // What comes most often is tried first: a try that fails costs more than one that does not.
    if container.decodeNil() {
      self = .null
    } else if let text = try? container.decode(String.self) {  // One of these fits each JSON value.
      self = .string(text)
    } else if let whole = try? container.decode(Int64.self) {  // As above.
      self = .integer(whole)
    } else if let members = try? container.decode([String: JSONValue].self) {  // As above.
      self = .object(members)
    } else if let elements = try? container.decode([JSONValue].self) {  // As above.
      self = .array(elements)
    } else if let bool = try? container.decode(Bool.self) {  // As above.
      self = .bool(bool)
    } else {
      self = .number(try container.decode(Double.self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let bool): try container.encode(bool)
    case .integer(let whole): try container.encode(whole)
    case .number(let number): try container.encode(number)
    case .string(let text): try container.encode(text)
    case .array(let elements): try container.encode(elements)
    case .object(let members): try container.encode(members)
    }
  }
}
