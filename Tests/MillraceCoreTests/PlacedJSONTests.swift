import MillraceCore
import TestSupport
import Testing

@Suite("JSON with places")
struct PlacedJSONTests {
  private func tree(_ text: String) throws -> PlacedValue { try PlacedJSON.tree(of: Array(text.utf8)) }

  @Test("every kind of value is read as it is")
  func values() throws {
    let text = """
      {"null": null, "yes": true, "no": false, "whole": -9223372036854775808, "part": 1.5e-3,
       "text": "a\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é😀", "list": [1, [], {}],
       "huge": 18446744073709551616}
      """
    let members = try #require(try tree(text).json.object)
    #expect(members["null"] == .null && members["yes"] == .bool(true) && members["no"] == .bool(false))
    #expect(members["whole"] == .integer(.min) && members["part"] == .number(0.0015))
    #expect(members["text"] == .string("a\"\\/\u{8}\u{C}\n\r\té😀é😀"))
    #expect(members["list"] == .array([.integer(1), .array([]), .object([:])]))
    #expect(members["huge"] == .number(18_446_744_073_709_551_616))
    #expect(try tree(" 7 ").json == .integer(7))
  }

  @Test("each name and value has its place, in characters")
  func places() throws {
    guard case .object(let members, let place) = try tree("{\"é😀\":\n  [1,\n \"b\"]}") else {
      throw TestFailure("it is no object")
    }
    #expect(place == .start && members[0].place == TextPlace(line: 1, column: 2))
    guard case .list(let elements, let list) = members[0].value else { throw TestFailure("it is no list") }
    #expect(list == TextPlace(line: 2, column: 3))
    #expect(elements.map(\.place) == [TextPlace(line: 2, column: 4), TextPlace(line: 3, column: 2)])
  }

  @Test(
    "what is no JSON is told with its place",
    arguments: [
      ("", 1, 1, "a value is missing"), ("{\n\"a\" 1}", 2, 5, "a `:` is missing"),
      ("{\"a\":1,}", 1, 8, "a name in quotes is missing"), ("[1 2]", 1, 4, "a `,` or `]` is missing"),
      ("{\"a\":1 \"b\"}", 1, 8, "a `,` or `}` is missing"), ("{} x", 1, 4, "nothing can follow the value"),
      ("{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", 1, 19, "`c` is given twice"), ("01", 1, 2, "nothing can follow"),
      ("-", 1, 2, "a digit is missing"), ("1e999", 1, 1, "`1e999` is too large"), ("tru", 1, 1, "a value"),
      ("\"a\nb\"", 1, 3, "a control character"), ("\"a", 1, 3, "the text has no end"),
      ("\"\\x\"", 1, 3, "there is no `\\x`"), ("\"\\ud83d\"", 1, 8, "half of a surrogate pair"),
      ("\"\\u12g4\"", 1, 4, "four hexadecimal digits"), ("NaN", 1, 1, "a value is missing"),
    ])
  func mistakes(text: String, line: Int, column: Int, words: String) throws {
    let error = try #require(throws: NoJSON.self) { try tree(text) }
    #expect(error.place == TextPlace(line: line, column: column), "\(error)")
    #expect(error.message.contains(words), "\(error.message)")
  }

  @Test("a text that is nested without end, or no UTF-8, is refused")
  func hostile() throws {
    let deep = String(repeating: "[", count: 1_000_000)
    let nested = try #require(throws: NoJSON.self) { try tree(deep) }
    #expect(nested.message.contains("64 deep"))
    #expect(try tree(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)).json != .null)
    let broken = try #require(throws: NoJSON.self) { try PlacedJSON.tree(of: [0x22, 0xFF, 0x22]) }
    #expect(broken.message == "this is no text in UTF-8")
  }
}
