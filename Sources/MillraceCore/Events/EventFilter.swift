/// What must hold of an event for a schedule to be told of it: all conditions.
package struct EventFilter: Sendable, Hashable {
  package var conditions: [Condition] = []

  /// A condition on one value of the event.
  package struct Condition: Sendable, Hashable {
    /// The names on the way to the value: `data`, then members of objects and places in lists, from 0.
    package var path: [String]
    package var test: Test
  }

  package enum Test: Sendable, Hashable {
    /// It is one of these.
    case oneOf([JSONValue])
    /// It is none of these, or is not there.
    case noneOf([JSONValue])
    /// It is a number, and so much at least.
    case atLeast(Double)
    /// It is a number, and so much at most.
    case atMost(Double)
    /// It is a text that fits.
    case like(NamePattern)
    /// Whether it is there.
    case exists(Bool)
  }

  /// The most conditions, and names on the way to one value.
  package static let mostConditions = 64
  package static let longestPath = 16

  package init() {}

  /// Whether all conditions hold.
  package func matches(_ event: CloudEvent) -> Bool {
    conditions.allSatisfy { $0.test.holds(for: event.value(at: $0.path)) }
  }
}

extension EventFilter.Test {
  func holds(for value: JSONValue?) -> Bool {
    switch self {
    case .oneOf(let values): value.map { value in values.contains { $0.isSame(as: value) } } ?? false
    case .noneOf(let values): !(value.map { value in values.contains { $0.isSame(as: value) } } ?? false)
    case .atLeast(let least): value?.number.map { $0 >= least } ?? false
    case .atMost(let most): value?.number.map { $0 <= most } ?? false
    case .like(let pattern): value?.string.map(pattern.matches) ?? false
    case .exists(let exists): (value != nil) == exists
    }
  }
}

extension CloudEvent {
  /// Returns what is at a path; nil if nothing is.
  func value(at path: [String]) -> JSONValue? {
    guard let first = path.first else { return nil }
    var value: JSONValue?
    switch first {
    case "data": value = data
    case "id": value = .string(id)
    case "source": value = .string(source)
    case "type": value = .string(type)
    case "subject": value = subject.map { .string($0) }
    case "time": value = time.map { .string($0) }
    default: value = extensions[first]
    }
    for name in path.dropFirst() {
      switch value {
      case .object(let members): value = members[name]
      case .array(let elements):
        value = Int(name).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
      case .null, .bool, .integer, .number, .string, nil: return nil
      }
    }
    return value
  }
}

extension JSONValue {
  /// Whether both mean the same: 1 and 1.0 do.
  fileprivate func isSame(as other: JSONValue) -> Bool {
    if self == other { return true }
    guard let number, let otherNumber = other.number else { return false }
    return number == otherNumber
  }
}
