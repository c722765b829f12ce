import Testing

@testable import MillraceCore

@Suite("CloudEvents")
struct CloudEventTests {
  private static let least: [String: JSONValue] = [
    "specversion": .string("1.0"), "id": .string("4711"), "source": .string("/shop"),
    "type": .string("order.placed"),
  ]

  private static func event(_ members: [String: JSONValue]) throws(Mistakes) -> CloudEvent {
    try CloudEvent(PlacedValue(.object(members), at: .start))
  }

  @Test("an event keeps all that it says, and says the same again")
  func whole() throws {
    let all = Self.least.merging([
      "subject": .string("order 9"), "time": .string("2026-04-01T08:00:00Z"),
      "datacontenttype": .string("application/json"), "dataschema": .string("https://shop.example/order"),
      "data": .object(["total": .number(9.5)]), "tenant": .string("a"), "retries": .integer(2),
      "urgent": .bool(true),
    ]) { $1 }
    let event = try Self.event(all)
    #expect(event.subject == "order 9" && event.data == .object(["total": .number(9.5)]))
    #expect(event.extensions == ["tenant": .string("a"), "retries": .integer(2), "urgent": .bool(true)])
    #expect(event.json == .object(all))
    let binary = try Self.event(Self.least.merging(["data_base64": .string("AAE=")]) { $1 })
    #expect(binary.dataBase64 == "AAE=" && binary.data == nil)
  }

  @Test(
    "what can't be an event is refused, with what is allowed",
    arguments: [
      ("id", JSONValue.null, "`id` is missing"),
      ("id", .string(""), "`id` must not be empty"),
      ("type", .object([:]), "`type` must be a text"),
      ("type", .string(String(repeating: "x", count: 257)), "more than 256 bytes"),
      ("source", .string("a b"), "must be a URI reference"),
      ("subject", .string("a\u{7}"), "control characters"),
      ("subject", .string(String(repeating: "x", count: 3000)), "more than 2048 bytes"),
      ("specversion", .string("0.3"), "`specversion` must be 1.0, not `0.3`"),
      ("time", .string("yesterday"), "`time` must be a time like"),
      ("time", .string("2026-04-01 08:00"), "`time` must be a time like"),
      ("data_base64", .string("?"), "must be a text in base64"),
      ("Tenant", .string("a"), "`Tenant` can't be an attribute"),
      ("tenant", .array([]), "`tenant` must be a text, not a list"),
    ] as [(String, JSONValue, String)])
  func mistakes(_ name: String, _ value: JSONValue, _ words: String) {
    do {
      _ = try Self.event(Self.least.merging([name: value]) { $1 })
      Issue.record("\(name) is taken")
    } catch {
      #expect(error.all.count == 1 && error.all[0].message.contains(words), "\(error.all.map(\.message))")
    }
  }

  @Test("data and base64 exclude each other; so many attributes are too many")
  func more() {
    let both = Self.least.merging(["data": .integer(1), "data_base64": .string("AAE=")]) { $1 }
    #expect(throws: Mistakes.self) { try Self.event(both) }
    var many = Self.least
    for number in 0...64 { many["x\(number)"] = .integer(1) }
    #expect(throws: Mistakes.self) { try Self.event(many) }
    #expect(throws: Mistakes.self) { try CloudEvent(PlacedValue(.array([]), at: .start)) }
  }

  @Test("only the runner announces in its own name")
  func reserved() throws {
    for (source, isReserved) in [
      ("/millrace", true), ("/millrace/schedules/a", true), ("/millracers", false), ("/shop", false),
    ] {
      #expect(CloudEvent(id: "1", source: source, type: "x").isReserved == isReserved)
    }
    let own = CloudEvent(id: "1", source: CloudEvent.source(ofSchedule: "scan"), type: "file.closed")
    #expect(own.schedule == "scan")
    #expect(CloudEvent(id: "1", source: "/millrace", type: "x").schedule == nil)
  }

  @Test(
    "a star stands for any characters",
    arguments: [
      ("upload", "upload", true), ("upload", "uploads", false), ("upload.*", "upload.done", true),
      ("upload.*", "upload", false), ("*", "", true), ("*", "a.b", true), ("*.done", "a.b.done", true),
      ("a*b*c", "aXbYc", true), ("a*b*c", "abc", true), ("a*b*c", "acb", false), ("ab*ba", "aba", false),
      ("**", "x", true), ("*a*a*a*a*b", String(repeating: "a", count: 200), false),
    ])
  func patterns(_ pattern: String, _ name: String, _ matches: Bool) throws {
    #expect(try #require(NamePattern(text: pattern)).matches(name) == matches)
  }

  @Test(
    "a pattern is printable ASCII", arguments: ["", "a b", "ä", "a\n", String(repeating: "x", count: 257)])
  func wrongPatterns(_ text: String) { #expect(NamePattern(text: text) == nil) }
}
