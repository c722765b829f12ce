import MillraceCore
import Testing

/// Returns the mistakes that a schema for the parameter `x` finds in a value.
private func mistakes(_ rule: [String: JSONValue], _ value: JSONValue) -> String? {
  do {
    let schema = try ParameterSchema(
      .object(["type": .string("object"), "properties": .object(["x": .object(rule)])]))
    _ = try schema.parameters(["x": value], arguments: [])
    return nil
  } catch { return (error as? Refusal)?.message ?? "\(error)" }
}

@Suite("The words of a parameter schema")
struct SchemaKeywordTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var rule: [String: JSONValue]
    var fits: [JSONValue]
    var not: [JSONValue]
    var mistake: String
    var testDescription: String { rule.keys.sorted().joined(separator: " ") }
  }

  static let cases: [Case] = [
    Case(rule: ["type": .string("null")], fits: [.null], not: [.bool(false)], mistake: "must be null"),
    Case(
      rule: ["type": .string("boolean")], fits: [.bool(true)], not: [.integer(1), .string("true"), .null],
      mistake: "must be boolean"),
    Case(
      rule: ["type": .string("integer")], fits: [.integer(1), .number(2)], not: [.number(1.5), .string("1")],
      mistake: "must be integer"),
    Case(
      rule: ["type": .string("number")], fits: [.integer(1), .number(1.5)], not: [.string("1"), .array([])],
      mistake: "must be number"),
    Case(
      rule: ["type": .string("string")], fits: [.string("")], not: [.integer(1)], mistake: "must be string"),
    Case(rule: ["type": .string("array")], fits: [.array([])], not: [.object([:])], mistake: "must be array"),
    Case(
      rule: ["type": .string("object")], fits: [.object([:])], not: [.array([])], mistake: "must be object"),
    Case(
      rule: ["type": .array([.string("null"), .string("integer")])], fits: [.null, .integer(1)],
      not: [.string("")], mistake: "must be integer or null"),
    Case(
      rule: ["enum": .array([.integer(1), .string("a"), .null])],
      fits: [.integer(1), .number(1), .string("a"), .null], not: [.integer(2), .string("b"), .bool(true)],
      mistake: "must be one of 1, `a`, null"),
    Case(
      rule: ["const": .number(1)], fits: [.integer(1), .number(1)], not: [.integer(2)], mistake: "must be 1"),
    Case(
      rule: ["minimum": .integer(2)], fits: [.integer(2), .number(2.5), .string("0")], not: [.number(1.9)],
      mistake: "must be at least 2"),
    Case(rule: ["maximum": .number(2.5)], fits: [.number(2.5)], not: [.integer(3)], mistake: "at most 2.5"),
    Case(
      rule: ["exclusiveMinimum": .integer(2)], fits: [.integer(3)], not: [.integer(2)], mistake: "above 2"),
    Case(
      rule: ["exclusiveMaximum": .integer(2)], fits: [.integer(1)], not: [.integer(2)], mistake: "below 2"),
    Case(
      rule: ["minLength": .integer(2)], fits: [.string("äö")], not: [.string("ä")],
      mistake: "at least 2 characters"),
    Case(
      rule: ["maxLength": .integer(2)], fits: [.string("äö")], not: [.string("abc")],
      mistake: "at most 2 characters"),
    Case(
      rule: ["pattern": .string("^[a-z]+$")], fits: [.string("abc")], not: [.string("a1"), .string("")],
      mistake: "must match `^[a-z]+$`"),
    Case(
      rule: ["minItems": .integer(1)], fits: [.array([.null])], not: [.array([])],
      mistake: "at least 1 elements"),
    Case(
      rule: ["maxItems": .integer(1)], fits: [.array([])], not: [.array([.null, .null])],
      mistake: "at most 1 elements"),
    Case(
      rule: ["uniqueItems": .bool(true)], fits: [.array([.integer(1), .integer(2)])],
      not: [.array([.integer(1), .integer(1)]), .array([.integer(1), .number(1)])],
      mistake: "must not have an element twice"),
    Case(
      rule: ["uniqueItems": .bool(false)], fits: [.array([.integer(1), .integer(1)])], not: [], mistake: ""),
    Case(
      rule: ["items": .object(["type": .string("integer")])], fits: [.array([.integer(1)])],
      not: [.array([.integer(1), .string("a")])], mistake: "parameter `x[1]` must be integer"),
    Case(
      rule: ["required": .array([.string("a")])], fits: [.object(["a": .null])], not: [.object([:])],
      mistake: "parameter `x.a` is missing"),
    Case(
      rule: ["properties": .object(["a": .object(["type": .string("integer")])])],
      fits: [.object(["a": .integer(1), "b": .null])], not: [.object(["a": .null])],
      mistake: "parameter `x.a` must be integer"),
    Case(
      rule: ["additionalProperties": .bool(false)], fits: [.object([:])], not: [.object(["a": .null])],
      mistake: "there is no parameter `x.a`"),
    Case(
      rule: ["additionalProperties": .object(["type": .string("integer")])],
      fits: [.object(["a": .integer(1)])],
      not: [.object(["a": .null])], mistake: "parameter `x.a` must be integer"),
    Case(
      rule: [
        "title": .string("t"), "description": .string("d"), "examples": .array([]), "format": .string("uri"),
      ],
      fits: [.null, .integer(1), .string("no uri")], not: [], mistake: ""),
  ]

  @Test("a word holds what fits and refuses what does not", arguments: cases)
  func word(of test: Case) {
    for value in test.fits { #expect(mistakes(test.rule, value) == nil) }
    for value in test.not {
      #expect(
        mistakes(test.rule, value)?.contains(test.mistake) == true, "\(mistakes(test.rule, value) ?? "-")")
    }
  }

  @Test(
    "a word that is not checked makes the schema unusable",
    arguments: ["oneOf", "$ref", "if", "multipleOf", "patternProperties", "Type", "minlength"])
  func unknownWord(word: String) {
    let refusal = #expect(throws: Refusal.self) { try ParameterSchema(.object([word: .null])) }
    #expect(refusal?.message.contains("`\(word)`") == true)
    #expect(mistakes([word: .null], .null)?.contains("the schema.properties.x uses `\(word)`") == true)
  }

  @Test(
    "a word whose value can't be makes the schema unusable",
    arguments: [
      ("type", .string("text")), ("type", .integer(1)), ("type", .array([.null])), ("enum", .string("a")),
      ("properties", .array([])), ("required", .string("a")), ("required", .array([.integer(1)])),
      ("items", .bool(true)), ("additionalProperties", .string("no")), ("minItems", .string("1")),
      ("maxItems", .null), ("uniqueItems", .string("yes")), ("minimum", .string("1")),
      ("maximum", .array([])),
      ("exclusiveMinimum", .bool(true)), ("exclusiveMaximum", .bool(true)), ("minLength", .string("1")),
      ("maxLength", .object([:])), ("pattern", .integer(1)), ("pattern", .string("(")),
    ] as [(String, JSONValue)])
  func unusable(word: String, value: JSONValue) {
    let refusal = #expect(throws: Refusal.self) { try ParameterSchema(.object([word: value])) }
    #expect(refusal?.kind == .invalid)
    #expect(refusal?.message.contains("the schema") == true)
  }

  @Test("a schema is an object", arguments: [.null, .bool(true), .array([]), .string("{}")] as [JSONValue])
  func noObject(value: JSONValue) {
    #expect(throws: Refusal.self) { try ParameterSchema(value) }
  }
}
