import MillraceCore
import Testing

@Suite("Parameters made of values and texts")
struct ParameterTests {
  /// The schema of a handler with a parameter of every kind.
  private let schema: ParameterSchema

  init() throws {
    func type(_ name: String, _ more: [String: JSONValue] = [:]) -> JSONValue {
      .object(more.merging(["type": .string(name)]) { own, _ in own })
    }
    schema = try ParameterSchema(
      type(
        "object",
        [
          "properties": .object([
            "width": type("integer"), "ratio": type("number", ["enum": .array([.integer(1), .number(1.5)])]),
            "fast": type("boolean"), "name": type("string"),
            "sizes": type("array", ["items": type("integer")]),
            "tags": type("array"), "map": type("object"), "any": .object([:]),
            "maybe": .object(["type": .array([.string("integer"), .string("null")])]),
          ]),
          "required": .array([.string("width")]), "additionalProperties": .bool(false),
        ]))
  }

  private func parameters(_ arguments: [(String, String)], _ values: [String: JSONValue] = [:]) throws
    -> JSONValue
  {
    try schema.parameters(
      values, arguments: arguments.map { JobRequest.Argument(name: $0.0, value: $0.1) })
  }

  private func refusal(_ arguments: [(String, String)], _ values: [String: JSONValue] = [:]) -> Refusal? {
    #expect(throws: Refusal.self) { try parameters(arguments, values) }
  }

  @Test(
    "a text gets the type that the schema says",
    arguments: [
      ("width", "-7", .integer(-7)), ("ratio", "1", .number(1)), ("ratio", "1.5", .number(1.5)),
      ("fast", "true", .bool(true)), ("name", "7", .string("7")), ("name", "", .string("")),
      ("any", "7", .string("7")), ("maybe", "null", .null), ("maybe", "3", .integer(3)),
      ("sizes", "1", .array([.integer(1)])), ("tags", "a", .array([.string("a")])),
    ] as [(String, String, JSONValue)])
  func typed(name: String, text: String, value: JSONValue) throws {
    let given = try parameters([(name, text)], name == "width" ? [:] : ["width": .integer(1)])
    #expect(given.object?[name] == value)
  }

  @Test("a list is made of a text that comes again, in order")
  func list() throws {
    let given = try parameters([("sizes", "3"), ("width", "1"), ("sizes", "1"), ("sizes", "2")])
    #expect(
      given == .object(["width": .integer(1), "sizes": .array([.integer(3), .integer(1), .integer(2)])]))
  }

  @Test("a text of a wrong type is refused and quoted")
  func wrongType() {
    #expect(refusal([("width", "wide")])?.message == "parameter `width` must be integer, not `wide`")
    #expect(
      refusal([("width", "1"), ("fast", "yes")])?.message == "parameter `fast` must be boolean, not `yes`")
    #expect(
      refusal([("width", "1"), ("sizes", "1"), ("sizes", "x")])?.message
        == "parameter `sizes[1]` must be integer, not `x`")
  }

  @Test("an object or a list in one text is refused with the way to write it")
  func structured() {
    #expect(refusal([("width", "1"), ("map", "{}")])?.hint == "give it as JSON: `map:=…`")
    #expect(refusal([("width", "1"), ("sizes", "[1]")])?.hint == "give it as JSON: `sizes:=…`")
  }

  @Test("a parameter that is no list can't be given twice, and no one by value and by text")
  func twice() {
    #expect(refusal([("width", "1"), ("width", "2")])?.message.contains("`width` is given twice") == true)
    #expect(refusal([("sizes", "1")], ["sizes": .array([])])?.message.contains("given twice") == true)
  }

  @Test("every mistake is told at once")
  func severalMistakes() {
    let message =
      refusal([("fast", "maybe"), ("sizes", "x"), ("colour", "red"), ("ratio", "2")])?.message ?? ""
    #expect(
      message.split(separator: "; ").sorted() == [
        "parameter `fast` must be boolean, not `maybe`", "parameter `ratio` must be one of 1, 1.5",
        "parameter `sizes[0]` must be integer, not `x`", "parameter `width` is missing",
        "there is no parameter `colour`",
      ])
  }

  @Test("a text for a parameter without a name of its own gets the type of the others")
  func additional() throws {
    let schema = try ParameterSchema(
      .object(["additionalProperties": .object(["type": .string("integer")])]))
    let given = try schema.parameters([:], arguments: [JobRequest.Argument(name: "a", value: "5")])
    #expect(given == .object(["a": .integer(5)]))
  }

  @Test("what is not given has its default, also inside of objects, lists and defaults")
  func defaults() throws {
    let inner: JSONValue = .object(["properties": .object(["depth": .object(["default": .integer(1)])])])
    let schema = try ParameterSchema(
      .object([
        "properties": .object([
          "mode": .object(["default": .string("fast")]), "given": inner, "list": .object(["items": inner]),
          "absent": .object(["default": .object([:]), "properties": inner.object?["properties"] ?? .null]),
          "none": inner,
        ])
      ]))
    let filled = try schema.parameters(
      ["given": .object([:]), "list": .array([.object([:]), .object(["depth": .integer(2)])])], arguments: [])
    let one: JSONValue = .object(["depth": .integer(1)])
    #expect(
      filled
        == .object([
          "mode": .string("fast"), "given": one, "absent": one,
          "list": .array([one, .object(["depth": .integer(2)])]),
        ]))
  }

  @Test("what is given stays, default or not, and a default is checked")
  func given() throws {
    let schema = try ParameterSchema(
      .object([
        "properties": .object(["n": .object(["type": .string("integer"), "default": .integer(3)])])
      ]))
    #expect(try schema.parameters(["n": .integer(0)], arguments: []) == .object(["n": .integer(0)]))
    #expect(throws: Refusal.self) { try schema.parameters(["n": .null], arguments: []) }
    let wrong = try ParameterSchema(
      .object(["properties": .object(["n": .object(["maximum": .integer(1), "default": .integer(2)])])]))
    #expect(throws: Refusal.self) { try wrong.parameters([:], arguments: []) }
  }

  @Test("a list is given word by word, and a word of several may begin like a list")
  func lists() throws {
    let schema = try ParameterSchema(
      .object([
        "properties": .object([
          "words": .object(["type": .string("array"), "items": .object(["type": .string("string")])])
        ])
      ]))
    func words(_ texts: String...) throws -> JSONValue? {
      let arguments = texts.map { JobRequest.Argument(name: "words", value: $0) }
      return try schema.parameters([:], arguments: arguments).object?["words"]
    }
    #expect(try words("a") == .array([.string("a")]))
    #expect(try words("-c", "[ -e x ]") == .array([.string("-c"), .string("[ -e x ]")]))
    #expect(try words("[ -e x ]", "y") == .array([.string("[ -e x ]"), .string("y")]))
    // One word that looks like a list: it is said how a list is written.
    #expect(throws: Refusal.self) { try words(#"["a","b"]"#) }
  }
}
