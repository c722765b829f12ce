import MillraceCore
import TestSupport
import Testing

@Suite("Parameters that are secrets")
struct SecretParameterTests {
  private static func schema() throws -> ParameterSchema {
    func text(_ more: [String: JSONValue] = [:]) -> JSONValue {
      .object(["type": .string("string")].merging(more) { $1 })
    }
    let secret: [String: JSONValue] = ["writeOnly": .bool(true)]
    return try ParameterSchema(
      .object([
        "type": .string("object"),
        "properties": .object([
          "url": text(), "token": text(secret),
          "login": .object(["properties": .object(["user": text(), "password": text(secret)])]),
          "keys": .object(["type": .string("array"), "items": text(secret)]),
          "environment": .object(["writeOnly": .bool(true), "additionalProperties": text()]),
        ]),
        "additionalProperties": text(),
      ]))
  }

  @Test("a parameter is a secret if its schema says so, or that of anything within it")
  func names() throws {
    let given: [String: JSONValue] = [
      "url": .string("u"), "token": .string("t"), "login": .object(["user": .string("a")]),
      "keys": .array([]), "environment": .object([:]), "other": .string("o"),
    ]
    let secrets = try Self.schema().secrets(in: .object(given))
    #expect(secrets == ["environment", "keys", "login", "token"])
    var submission = Submission(handler: "h", parameters: .object(given), terms: Sample.terms)
    #expect(submission.shownParameters == .object(given))
    submission.secrets = secrets
    var shown = given
    for name in secrets { shown[name] = .string("<secret>") }
    #expect(submission.shownParameters == .object(shown) && submission.parameters == .object(given))
  }

  @Test("what is wrong with a secret is told without it")
  func mistakes() throws {
    for (name, value) in [
      ("token", JSONValue.integer(4711)), ("environment", .object(["A": .integer(4711)])),
      ("keys", .array([.integer(4711)])), ("login", .object(["password": .integer(4711)])),
    ] {
      let refusal = #expect(throws: Refusal.self) {
        try Self.schema().parameters([name: value], arguments: [])
      }
      let text = try #require(refusal?.message)
      #expect(text.contains(name) && text.contains("must be string") && !text.contains("4711"))
    }
    let open = #expect(throws: Refusal.self) {
      try Self.schema().parameters(["url": .integer(4711)], arguments: [])
    }
    #expect(open?.message.contains("4711") == true)
  }

  @Test("`writeOnly` is true or false")
  func word() {
    #expect(throws: Refusal.self) { try ParameterSchema(.object(["writeOnly": .string("yes")])) }
  }

  @Test(
    "who may not change a schedule sees it without the secrets, and without any value of an unknown handler")
  func schedules() throws {
    let rule = JSONValue.object(["token": .object(["writeOnly": .bool(true)])])
    let handler = Handler(name: "h", summary: "", parameterSchema: .object(["properties": rule]))
    func definition(_ token: String, _ other: String) -> JSONValue {
      .object([
        "every": .string("1h"),
        "job": .object([
          "handler": .string("h"),
          "parameters": .object(["token": .string(token), "other": .string(other)]),
        ]),
      ])
    }
    let known = try ScheduleDefinition.concealingSecrets(of: definition("t", "o")) {
      $0 == "h" ? handler : nil
    }
    #expect(known == definition("<secret>", "o"))
    let unknown = try ScheduleDefinition.concealingSecrets(of: definition("t", "o")) { _ in nil }
    #expect(unknown == definition("<secret>", "<secret>"))
    let bare = JSONValue.object(["job": .object(["handler": .string("h")])])
    #expect(try ScheduleDefinition.concealingSecrets(of: bare) { _ in nil } == bare)
  }
}
