import FoundationEssentials
import MillraceCore
import MillraceEngine
import MillraceWire
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("The routes of events")
struct EventRouteTests {
  private static let structured = ["Content-Type: application/cloudevents+json"]
  private static let batch = ["Content-Type: application/cloudevents-batch+json; charset=utf-8"]
  private static let binary = ["ce-specversion: 1.0", "ce-id: a", "ce-source: /s", "ce-type: upload.done"]

  private static func event(_ id: String, _ more: String = "") -> String {
    #"{"specversion":"1.0","id":"\#(id)","source":"/s","type":"upload.done"\#(more)}"#
  }

  private func event(_ number: Int, _ server: TestServer) async throws -> [String: JSONValue] {
    let view: EventView = try await server.request("GET", "/v1/events/\(number)").decoded()
    return try #require(view.event.object)
  }

  @Test("an event is taken in once, however often it comes, and is on record then")
  func structuredMode() async throws {
    try await TestServer.with(events: FakeEventService()) { server in
      let body = Self.event("a", #","data":{"path":"/é"},"tenant":"x","time":"2026-01-01T00:00:00Z""#)
      let first = try await server.request("POST", "/v1/events", headers: Self.structured, body: body)
      #expect(first.status == 201 && first.headers["location"] == "/v1/events/1")
      #expect(first.text == #"{"new":true,"number":1}"#)
      for headers in [Self.structured, ["Content-Type: application/json"], []] {
        let again = try await server.request("POST", "/v1/events", headers: headers, body: body)
        #expect(again.status == 200 && again.text == #"{"new":false,"number":1}"#)
      }
      let event = try await event(1, server)
      #expect(event["data"] == .object(["path": .string("/é")]) && event["tenant"] == .string("x"))
      #expect(try await server.request("GET", "/v1/events/2").status == 404)
      #expect(try await server.request("GET", "/v1/events/x").status == 404)
    }
  }

  @Test("a batch is taken in as a whole or not at all")
  func batchMode() async throws {
    try await TestServer.with(events: FakeEventService()) { server in
      let two = "[\(Self.event("a")),\n\(Self.event("b"))]"
      let reply = try await server.request("POST", "/v1/events", headers: Self.batch, body: two)
      #expect(reply.status == 201)
      #expect(try reply.decoded(EventBatchAnswer.self).events.map(\.number.rawValue) == [1, 2])
      #expect(try await server.request("POST", "/v1/events", headers: Self.batch, body: two).status == 200)
      let bad = "[\(Self.event("c")),\n{\"specversion\":\"1.0\",\"id\":\"d\",\"source\":\"/s\"}]"
      let refused = try await server.request("POST", "/v1/events", headers: Self.batch, body: bad)
      let problem: Problem = try refused.decoded()
      #expect(refused.status == 422 && problem.index == 1 && problem.detail == "2:1: `type` is missing")
      let many = "[" + (0...1000).map { Self.event("n\($0)") }.joined(separator: ",") + "]"
      #expect(try await server.request("POST", "/v1/events", headers: Self.batch, body: many).status == 413)
      #expect(try await server.request("POST", "/v1/events", headers: Self.batch, body: "[]").status == 422)
      let page: EventPage = try await server.request("GET", "/v1/events").decoded()
      #expect(page.events.map(\.number.rawValue) == [2, 1])
    }
  }

  @Test("in binary mode attributes are headers, percent-encoded, and the body is the data as it is")
  func binaryMode() async throws {
    try await TestServer.with(events: FakeEventService()) { server in
      func send(_ id: String, _ headers: [String], _ body: String) async throws -> HTTPReply {
        let own = Self.binary.map { $0 == "ce-id: a" ? "ce-id: \(id)" : $0 }
        return try await server.request("POST", "/v1/events", headers: own + headers, body: body)
      }
      // The example of the HTTP binding, 3.1.3.2: `Euro € 😀`.
      let more = ["CE-Subject: \"Euro%20%E2%82%AC%20%F0%9F%98%80\"", "ce-tenant: x"]
      #expect(try await send("a", more, "{\"n\":1}").status == 201)
      let first = try await event(1, server)
      #expect(first["subject"] == .string("Euro € 😀") && first["tenant"] == .string("x"))
      #expect(first["data"] == .object(["n": .integer(1)]) && first["datacontenttype"] == nil)
      #expect(try await send("b", ["Content-Type: text/plain; charset=utf-8"], "{n").status == 201)
      let text = try await event(2, server)
      #expect(text["data"] == .string("{n"))
      #expect(text["datacontenttype"] == .string("text/plain; charset=utf-8"))
      #expect(try await send("c", ["Content-Type: image/png"], "a").status == 201)
      #expect(try await event(3, server)["data_base64"] == .string("YQ=="))
      #expect(try await send("d", ["Content-Type: application/x+json"], "{\n!").status == 400)
      #expect(try await send("e", [], "").status == 201)
      #expect(try await event(4, server)["data"] == nil)
    }
  }

  @Test("each mistake has its place: line and column, or the header")
  func mistakes() async throws {
    let cases: [([String], String, Int, String)] = [
      (Self.structured, "{\n \"id\" 1}", 400, "2:7: this is no JSON: a `:` is missing"),
      (
        Self.structured, "{\n\"specversion\":\"0.3\",\"id\":\"a\",\"source\":\"a b\",\"type\":\"t\"}", 422,
        "2:1: `specversion` must be 1.0, not `0.3`\n2:39: `source` must be a URI reference, not `a b`"
      ),
      (Self.structured, "[]", 422, "the body is a list, not an event"),
      (Self.structured, Self.event("a", #","My_Name":1"#), 422, "1:66: `My_Name` can't be an attribute"),
      (Self.structured, Self.event("a", #","time":"today""#), 422, "`time` must be a time"),
      (Self.binary + ["ce-time: today"], "", 422, "header `ce-time`: `time` must be a time"),
      (Self.binary + ["ce-subject: 100%"], "", 422, "header `ce-subject`: it has a broken percent code"),
      (Self.binary + ["ce-id: b"], "", 422, "header `ce-id`: it is given twice"),
      (Self.binary + ["ce-datacontenttype: a/b"], "", 422, "the media type of the data is `content-type`"),
      (["ce-id: a", "ce-type: t", "ce-specversion: 1.0"], "", 422, "`source` is missing"),
      (["Content-Type: text/plain"], "a", 415, "an event can't be read from `text/plain`"),
      (["Content-Type: application/cloudevents+avro"], "a", 415, "application/cloudevents+avro"),
      (Self.batch, "{}", 422, "the body must be a list of events"),
    ]
    try await TestServer.with(events: FakeEventService()) { server in
      for (headers, body, status, words) in cases {
        let reply = try await server.request("POST", "/v1/events", headers: headers, body: body)
        let problem: Problem = try reply.decoded()
        #expect(reply.status == status && problem.detail.contains(words), "\(problem.detail)")
      }
      let page: EventPage = try await server.request("GET", "/v1/events").decoded()
      #expect(page.events.isEmpty)
    }
  }

  @Test("an event over 256 KiB is refused, and no more of it is read than that")
  func large() async throws {
    try await TestServer.with(events: FakeEventService()) { server in
      let fits = Self.event("a", #","data":"\#(String(repeating: "x", count: 255 << 10))""#)
      #expect(
        try await server.request("POST", "/v1/events", headers: Self.structured, body: fits).status == 201)
      let long = String(repeating: "x", count: 200 << 10)
      // In base64 it would be over the bound.
      let binary = try await server.request(
        "POST", "/v1/events", headers: Self.binary + ["Content-Type: image/png"], body: long)
      #expect(binary.status == 413)
      let client = try SocketClient(path: server.path)
      try await client.send(
        TestServer.text(
          of: "POST", "/v1/events", headers: Self.structured + ["Content-Length: 10485760"]))
      let refused = try await client.reply()  // Nothing of the body was sent.
      let problem: Problem = try refused.decoded()
      #expect(refused.status == 413 && problem.detail == "the event has more than 256 KiB")
      let chunked = try SocketClient(path: server.path)
      try await chunked.send(
        TestServer.text(
          of: "POST", "/v1/events", headers: Self.structured + ["Transfer-Encoding: chunked"]))
      try await chunked.send("50000\r\n" + String(repeating: " ", count: 0x50000) + "\r\n")
      #expect(try await chunked.reply().status == 413)
    }
  }

  @Test("a runner that has no room says when to try again, as for jobs; one without events says so")
  func refusals() async throws {
    let service = FakeEventService()
    service.refuse(with: Refusal(.queueFull, "10000 events wait"))
    try await TestServer.with(events: service) { server in
      let full = try await server.request("POST", "/v1/events", body: Self.event("a"))
      #expect(full.status == 503 && full.headers["retry-after"] == "5")
      service.refuse(with: nil)
      let reserved = Self.event("a").replacing("/s", with: "/millrace")
      #expect(try await server.request("POST", "/v1/events", body: reserved).status == 422)
    }
    try await TestServer.with { server in
      for (method, target) in [("POST", "/v1/events"), ("GET", "/v1/events"), ("POST", "/v1/hooks/x")] {
        let refused = try await server.request(method, target, body: Self.event("a"))
        #expect(refused.status == 409, "\(method) \(target)")
      }
    }
  }

  @Test("the list is filtered, and comes a page at a time, the newest first")
  func list() async throws {
    try await TestServer.with(events: FakeEventService()) { server in
      for (id, type, source) in [("1", "a.b", "/s"), ("2", "a.c", "/t"), ("3", "b", "/s")] {
        let body = #"{"specversion":"1.0","id":"\#(id)","source":"\#(source)","type":"\#(type)"}"#
        let reply = try await server.request("POST", "/v1/events", body: body)
        #expect(reply.status == 201)
      }
      func numbers(_ query: String) async throws -> [Int64] {
        let page: EventPage = try await server.request("GET", "/v1/events?\(query)").decoded()
        return page.events.map(\.number.rawValue)
      }
      #expect(try await numbers("type=a.*") == [2, 1])
      #expect(try await numbers("source=/s") == [3, 1])
      #expect(try await numbers("source=/s&limit=1") == [3])
      #expect(try await numbers("source=/s&limit=1&before=3") == [1])
      #expect(try await server.request("GET", "/v1/events?limit=0").status == 422)
      #expect(try await server.request("GET", "/v1/events?fate=ran").status == 422)
    }
  }

  @Test("a schedule that waits for events is shown without times")
  func waitingSchedule() async throws {
    try await TestServer.with(schedules: FakeScheduleService()) { server in
      let body = #"{"name": "load", "event": "upload.*", "job": {"handler": "exec"}}"#
      #expect(try await server.request("POST", "/v1/schedules", body: body).status == 201)
      let detail: ScheduleDetail = try await server.request("GET", "/v1/schedules/load").decoded()
      #expect(detail.times.isEmpty && detail.schedule.definition.object?["event"] == .string("upload.*"))
    }
  }
}
