import FoundationEssentials
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What crosses the process boundary of events, byte for byte: these texts are a promise to other programs.
struct EventGoldenTests {
  private func check<Value: Codable & Equatable>(_ value: Value, _ text: String) throws {
    #expect(String(decoding: try Wire.encoder().encode(value), as: UTF8.self) == text)
    #expect(try Wire.decoder().decode(Value.self, from: Data(text.utf8)) == value)
  }

  @Test("the answers to what is announced")
  func answers() throws {
    let answer = EventAnswer(number: EventNumber(17), new: true)
    try check(answer, #"{"new":true,"number":17}"#)
    try check(EventBatchAnswer(events: [answer]), #"{"events":[{"new":true,"number":17}]}"#)
  }

  @Test("an event with what came of it; names in its data are left as they are")
  func event() throws {
    var event = CloudEvent(id: "a", source: "/s", type: "t", data: .object(["userName": .integer(1)]))
    (event.subject, event.time, event.dataContentType) = ("s", "2026-01-01T00:00:00Z", "application/json")
    event.extensions = ["tenant": .string("x")]
    let row = EventRow(
      record: EventRecord(number: EventNumber(17), event: event, received: Sample.time(0), hops: 1),
      isOpen: false,
      effects: [
        .init(schedule: "load", nominal: Sample.time(1), fate: .ran, job: JobID(7)), .init(schedule: "sum"),
      ])
    let text =
      #"{"event":{"data":{"userName":1},"datacontenttype":"application/json","id":"a","source":"/s","#
      + #""specversion":"1.0","subject":"s","tenant":"x","time":"2026-01-01T00:00:00Z","type":"t"},"#
      + #""hops":1,"number":17,"open":false,"received":"2026-01-01T00:00:00.000Z","schedules":"#
      + #"[{"fate":"ran","job":7,"nominal":"2026-01-01T00:00:01.000Z","schedule":"load"},"#
      + #"{"schedule":"sum"}]}"#
    try check(EventView(row), text)
    try check(EventPage([row], of: EventQuery(limit: 1)), #"{"events":[\#(text)],"next":17}"#)
    #expect(EventPage([row], of: EventQuery(limit: 2)).next == nil)
  }

  @Test("a query goes to items and back; what can't be is named")
  func query() throws {
    var query = EventQuery(limit: 7)
    query.type = NamePattern(text: "upload.*")
    (query.source, query.before) = ("/s", EventNumber(9))
    #expect(try EventQuery(queryItems: query.queryItems) == query)
    for (name, value) in [("type", "a b"), ("before", "0"), ("limit", "1001"), ("state", "x")] {
      let refusal = try #require(throws: Refusal.self) { try EventQuery(queryItems: [(name, value)]) }
      #expect(refusal.message.contains("`\(name)`"))
    }
  }

  @Test(
    "data is a value, a text or base64, as its media type says",
    arguments: [
      (nil, "{\"a\":1}", JSONValue.object(["a": .integer(1)]), nil),
      ("application/vnd.x+json; charset=utf-8", "[1]", .array([.integer(1)]), nil),
      ("text/plain; charset=\"UTF-8\"", "{", .string("{"), nil),
      ("text/plain; charset=latin1", "a", nil, "YQ=="), ("image/png", "a", nil, "YQ=="),
      (nil, "null", nil, nil), (nil, "", nil, nil),
    ] as [(String?, String, JSONValue?, String?)])
  func content(type: String?, text: String, data: JSONValue?, base64: String?) throws {
    var event = CloudEvent(id: "a", source: "/s", type: "t")
    try event.setData(Array(text.utf8), of: type.map { MediaType($0) })
    #expect(event.data == data && event.dataBase64 == base64)
  }
}
