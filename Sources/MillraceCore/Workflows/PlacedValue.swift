/// A value of a text that somebody wrote, with the place of each of its parts.
package indirect enum PlacedValue: Sendable, Equatable {
  /// Null, a truth value, a number or a string.
  case scalar(JSONValue, TextPlace)
  case list([PlacedValue], TextPlace)
  /// Members in the order of the text; no name comes twice.
  case object([Member], TextPlace)

  /// A name and what it stands for.
  package struct Member: Sendable, Equatable {
    package var name: String
    /// The place of the name.
    package var place: TextPlace
    package var value: PlacedValue

    package init(name: String, place: TextPlace, value: PlacedValue) {
      self.name = name
      self.place = place
      self.value = value
    }
  }

  /// Makes a value of which every part is at one place.
  package init(_ value: JSONValue, at place: TextPlace) {
    switch value {
    case .array(let elements):
      self = .list(elements.map { PlacedValue($0, at: place) }, place)
    case .object(let members):
      let sorted = members.sorted { $0.key < $1.key }
      self = .object(
        sorted.map { Member(name: $0.key, place: place, value: PlacedValue($0.value, at: place)) }, place)
    case .null, .bool, .integer, .number, .string:
      self = .scalar(value, place)
    }
  }

  /// Where it begins.
  package var place: TextPlace {
    switch self {
    case .scalar(_, let place), .list(_, let place), .object(_, let place): place
    }
  }

  /// The value without its places.
  package var json: JSONValue {
    switch self {
    case .scalar(let value, _): value
    case .list(let elements, _): .array(elements.map(\.json))
    case .object(let members, _):
      .object(Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value.json) }))
    }
  }

  /// Whether nothing is said.
  var isNull: Bool { if case .scalar(.null, _) = self { true } else { false } }

  /// The kind of value, for people: "a list".
  var kind: String { json.kind }
}

extension JSONValue {
  /// The kind of value, for people: "a list".
  var kind: String {
    switch self {
    case .null: "nothing"
    case .bool: "a truth value"
    case .integer, .number: "a number"
    case .string: "a text"
    case .array: "a list"
    case .object: "an object"
    }
  }

  /// A text, a number or a truth value as a text; nil if it is none of these.
  var scalarText: String? {
    switch self {
    case .string(let text): text
    case .integer(let whole): "\(whole)"
    case .number(let number): "\(number)"
    case .bool(let bool): "\(bool)"
    case .null, .array, .object: nil
    }
  }
}
