import MillraceCore

/// A parameter of a handler, as its JSON Schema says.
struct Parameter: Equatable {
  var name: String
  /// `integer, 1 to 100`, `one of "a", "b"`.
  var type: String
  var isRequired: Bool
  var standard: String
  var about: String

  /// Returns the parameters of a schema: those that must be given first, then by name.
  static func all(of schema: JSONValue?) -> [Parameter] {
    let members = schema?.object ?? [:]
    let required = Set((members["required"]?.array ?? []).compactMap(\.string))
    let parameters = (members["properties"]?.object ?? [:]).map { name, property in
      let property = property.object ?? [:]
      return Parameter(
        name: name, type: type(of: property), isRequired: required.contains(name),
        standard: property["default"]?.text ?? "", about: property["description"]?.string ?? "")
    }
    return parameters.sorted { ($0.isRequired ? 0 : 1, $0.name) < ($1.isRequired ? 0 : 1, $1.name) }
  }

  private static func type(of property: [String: JSONValue]) -> String {
    if let values = property["enum"]?.array { return "one of " + values.map(\.text).joined(separator: ", ") }
    if let value = property["const"] { return value.text }
    var words =
      property["type"]?.string ?? (property["type"]?.array ?? []).map(\.text).joined(separator: " or ")
    if words == "array", let items = property["items"]?.object { words = "list of \(type(of: items))" }
    let bounds = [
      range(property["minimum"], property["maximum"], unit: ""),
      range(property["minLength"], property["maxLength"], unit: " characters"),
      range(property["minItems"], property["maxItems"], unit: " items"),
    ]
    return ([words.isEmpty ? "any" : words] + bounds.compactMap { $0 }).joined(separator: ", ")
  }

  private static func range(_ least: JSONValue?, _ most: JSONValue?, unit: String) -> String? {
    switch (least?.text, most?.text) {
    case (let least?, let most?): "\(least) to \(most)\(unit)"
    case (let least?, nil): "from \(least)\(unit)"
    case (nil, let most?): "up to \(most)\(unit)"
    case (nil, nil): nil
    }
  }
}

extension Table where Row == Parameter {
  /// The parameters of a handler, a line each.
  static var parameters: Table {
    Table(
      [
        Column("PARAMETER", "parameter") { $0.name },
        Column("TYPE", "type") { $0.type },
        Column("REQUIRED", "required") { $0.isRequired ? "yes" : "no" },
        Column("DEFAULT", "default") { $0.standard },
        Column("ABOUT", "about") { $0.about },
      ], id: { $0.name })
  }
}
