import MillraceCore
import MillraceYAML
import Testing

@Suite struct TreeTests {
  private static func json(_ text: String) throws -> JSONValue {
    try YAMLDocument.tree(of: text, named: "w.yaml").json
  }

  @Test func aFileIsReadWholeWithTheOrderAndThePlacesOfItsParts() throws {
    let tree = try YAMLDocument.tree(of: "b: 1\na:\n  - x\n  - {c: true}\n", named: "w.yaml")
    guard case .object(let members, _) = tree, case .list(let elements, _) = members[1].value,
      case .object(let inner, _) = elements[1]
    else {
      Issue.record("another shape")
      return
    }
    #expect(members.map(\.name) == ["b", "a"])
    #expect(members[1].place == TextPlace(line: 2, column: 1))
    #expect(elements[0].place == TextPlace(line: 3, column: 5))
    #expect(inner[0].place == TextPlace(line: 4, column: 6))
    #expect(
      tree.json == .object(["b": .integer(1), "a": .array([.string("x"), .object(["c": .bool(true)])])]))
  }

  @Test(arguments: [
    ("2026-11-24", JSONValue.string("2026-11-24")), ("yes", .string("yes")), ("007", .string("007")),
    ("7", .integer(7)), ("-7", .integer(-7)), ("0", .integer(0)), ("1.5", .number(1.5)),
    ("1e3", .number(1000)),
    ("0x10", .string("0x10")), ("1.", .string("1.")), ("-x", .string("-x")), ("nan", .string("nan")),
    ("null", .null), ("~", .null), ("true", .bool(true)), ("'7'", .string("7")),
    ("\"true\"", .string("true")),
    ("1.2.3", .string("1.2.3")), ("\"{{x}}\"", .string("{{x}}")),
  ])
  func aPlainWordIsANumberOnlyIfJSONWouldSaySo(text: String, value: JSONValue) throws {
    #expect(try Self.json("a: \(text)") == .object(["a": value]))
  }

  @Test func jsonIsReadToo() throws {
    #expect(
      try Self.json("{\"a\": [1, \"2\", null], \"b\": {\"c\": 0.5}}")
        == .object(["a": .array([.integer(1), .string("2"), .null]), "b": .object(["c": .number(0.5)])]))
  }

  @Test func everyMistakeHasItsPlace() {
    let error = #expect(throws: FileMistakes.self) {
      try YAMLDocument.tree(of: "a: 1\nb: {c: 1, c: 2}\na: 2\n", named: "w.yaml")
    }
    #expect(
      error?.lines == [
        "w.yaml:2:11: `c` is given already in line 2", "w.yaml:3:1: `a` is given already in line 1",
      ])
  }

  @Test(arguments: [
    ("", "w.yaml: there is nothing in it"), ("# only this\n", "w.yaml: there is nothing in it"),
  ])
  func anEmptyFileIsAMistake(text: String, message: String) {
    let error = #expect(throws: FileMistakes.self) { try YAMLDocument.tree(of: text, named: "w.yaml") }
    #expect(error?.lines == [message])
  }

  @Test func aSmallFileThatIsLargeByAliasesIsRefused() {
    var text = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let alias = "*l\(level - 1)"
      text +=
        "l\(level): &l\(level) [" + [String](repeating: alias, count: 10).joined(separator: ", ") + "]\n"
    }
    let error = #expect(throws: FileMistakes.self) { try YAMLDocument.tree(of: text, named: "w.yaml") }
    #expect(error?.mistakes.count == 1)
    #expect(error?.lines.first?.contains("holds too much") == true)
  }
}
