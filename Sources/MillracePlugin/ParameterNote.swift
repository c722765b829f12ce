/// What the schema should say of a parameter that its type does not: see ``Handler/notes``.
public struct ParameterNote: Hashable, Sendable {
  /// What it means, for those who submit jobs.
  public var description: String
  /// What is filled in if it is not given; nil for nothing.
  public var defaultValue: JSONValue?
  /// The least and the greatest number; nil for any.
  public var range: ClosedRange<Double>?
  /// How many characters or elements it has; nil for any number.
  public var lengths: ClosedRange<Int>?
  /// Whether nobody is shown the value but the job.
  public var isSecret: Bool

  /// Makes a note.
  ///
  /// - Parameters:
  ///   - description: what the parameter means.
  ///   - defaultValue: what is filled in if it is not given: then its type in Swift need not be optional.
  ///   - range: the least and the greatest number.
  ///   - lengths: how many characters or elements it has.
  ///   - isSecret: whether nobody is shown the value but the job.
  public init(
    _ description: String, default defaultValue: JSONValue? = nil, range: ClosedRange<Double>? = nil,
    lengths: ClosedRange<Int>? = nil, isSecret: Bool = false
  ) {
    self.description = description
    self.defaultValue = defaultValue
    self.range = range
    self.lengths = lengths
    self.isSecret = isSecret
  }
}

extension ParameterNote: ExpressibleByStringLiteral {
  /// Makes a note that only tells what the parameter means.
  public init(stringLiteral value: String) { self.init(value) }
}

extension ParameterNote {
  /// Adds what the note says to the schema of its parameter.
  ///
  /// - Throws: ``SchemaProblem`` if it does not fit the type.
  func annotate(_ schema: inout [String: JSONValue], at place: String) throws {
    let type = schema["type"]?.text ?? ""
    schema["description"] = .string(description)
    if let defaultValue {
      guard defaultValue.isOf(type: type) else {
        throw SchemaProblem(place, "its default is no \(type)", hint: "write one in its note")
      }
      schema["default"] = defaultValue
    }
    if let range {
      guard type == "integer" || type == "number" else {
        throw SchemaProblem(
          place, "it has a range but is no number", hint: "`lengths` bounds texts and lists")
      }
      schema["minimum"] = .double(range.lowerBound)
      schema["maximum"] = .double(range.upperBound)
    }
    if let lengths {
      guard let unit = ["string": "Length", "array": "Items"][type] else {
        throw SchemaProblem(place, "it has lengths but is no text or list", hint: "`range` bounds numbers")
      }
      schema["min\(unit)"] = .int(Int64(lengths.lowerBound))
      schema["max\(unit)"] = .int(Int64(lengths.upperBound))
    }
    if isSecret { schema["writeOnly"] = true }
  }
}
