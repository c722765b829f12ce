import FoundationEssentials
import Glibc
import HTTPTypes
import MillraceCore
import MillraceEngine
import MillraceWire
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("The routes of webhooks")
struct HookRouteTests {
  private static func rule(_ signature: String, secret: String = "/secret") throws -> Trigger.WebhookRule {
    let definition = try Sample.definition(
      "hook",
      [
        "every": .null,
        "webhook": .object(["signature": .string(signature), "secret_file": .string(secret)]),
      ])
    guard case .webhook(let rule) = definition.trigger?.origin else { throw TestFailure("it has no webhook") }
    return rule
  }

  private func service() throws -> FakeEventService {
    FakeEventService(webhooks: [
      "push": try Self.rule("github"), "paid": try Self.rule("standard"),
      "bare": try Self.rule("github", secret: "/none"),
    ])
  }

  /// What `FakeAuthentication` finds right: so many bytes.
  private static func code(_ count: Int) -> [UInt8] { [UInt8](repeating: UInt8(count), count: 32) }

  private static func hub(_ count: Int) -> String {
    let digits = String(count, radix: 16)
    let byte = digits.count == 1 ? "0" + digits : digits
    return "X-Hub-Signature-256: sha256=" + String(repeating: byte, count: 32)
  }

  @Test("a call as GitHub makes it becomes an event of the schedule, once for each delivery")
  func github() async throws {
    try await TestServer.with(events: try service(), authentication: FakeAuthentication()) { server in
      let body = #"{"ref":"main"}"#
      let headers = [
        Self.hub(body.utf8.count), "X-GitHub-Delivery: 72d3162e", "X-GitHub-Event: push",
        "Content-Type: application/json",
      ]
      let reply = try await server.request("POST", "/v1/hooks/push", headers: headers, body: body)
      #expect(reply.status == 201 && reply.headers["location"] == "/v1/events/1")
      #expect(try await server.request("POST", "/v1/hooks/push", headers: headers, body: body).status == 200)
      let view: EventView = try await server.request("GET", "/v1/events/1").decoded()
      let event = try #require(view.event.object)
      #expect(event["source"] == .string("/millrace/schedules/push") && event["id"] == .string("72d3162e"))
      #expect(event["type"] == .string("webhook.received") && event["subject"] == .string("push"))
      #expect(event["data"] == .object(["ref": .string("main")]))
    }
  }

  @Test("a call as Standard Webhooks has it: any of its signatures may be right")
  func standard() async throws {
    try await TestServer.with(events: try service(), authentication: FakeAuthentication()) { server in
      let now = Int(time(nil))
      let right = Data(Self.code("msg_1.\(now).a".utf8.count)).base64EncodedString()
      let headers = [
        "webhook-id: msg_1", "webhook-timestamp: \(now)",
        "webhook-signature: v1a,eA== v1,\(Data(Self.code(1)).base64EncodedString()) v1,\(right)",
        "Content-Type: text/plain",
      ]
      let reply = try await server.request("POST", "/v1/hooks/paid", headers: headers, body: "a")
      #expect(reply.status == 201, "\(reply.text)")
      let view: EventView = try await server.request("GET", "/v1/events/1").decoded()
      #expect(view.event.object?["id"] == .string("msg_1") && view.event.object?["data"] == .string("a"))
    }
  }

  @Test("a signature that is wrong, missing or stale is 401, and nothing is recorded")
  func refused() async throws {
    let now = Int(time(nil))
    func standard(_ time: String, _ signature: String) -> [String] {
      ["webhook-id: m", "webhook-timestamp: \(time)", "webhook-signature: \(signature)"]
    }
    let wrong = "v1," + Data(Self.code(1)).base64EncodedString()
    let cases: [(String, [String], Int, String)] = [
      ("push", [], 401, "the header `x-hub-signature-256` is missing"),
      ("push", ["X-Hub-Signature-256: sha1=00"], 401, "64 hexadecimal digits"),
      ("push", [Self.hub(3)], 401, "the signature does not fit"),
      ("push", [Self.hub(2)], 422, "header `x-github-delivery`: it is missing"),
      ("push", [Self.hub(2), "X-GitHub-Delivery: d", "Content-Type: application/json"], 400, "no JSON"),
      ("paid", [], 401, "the header `webhook-id` is missing"),
      ("paid", standard("\(now)", wrong), 401, "the signature does not fit"),
      ("paid", standard("\(now)", "v2,abc"), 401, "it must have a signature like `v1,`"),
      ("paid", standard("\(now - 400)", wrong), 401, "old; 5 min 0 s are allowed"),
      ("paid", standard("\(now + 400)", wrong), 401, "ahead; 5 min 0 s are allowed"),
      ("paid", standard("soon", wrong), 401, "seconds since 1970, not `soon`"),
      ("paid", standard("99999999999999999999", wrong), 401, "seconds since 1970"),
      ("bare", [Self.hub(2)], 409, "cannot use the secret"), ("none", [], 404, "`none`"),
    ]
    try await TestServer.with(events: try service(), authentication: FakeAuthentication()) { server in
      for (name, headers, status, words) in cases {
        let reply = try await server.request("POST", "/v1/hooks/\(name)", headers: headers, body: "!!")
        let problem: Problem = try reply.decoded()
        #expect(reply.status == status && problem.detail.contains(words), "\(reply.status) \(problem.detail)")
        #expect((reply.headers["www-authenticate"] != nil) == (status == 401))
        #expect(
          !reply.text.contains("0202") && !reply.text.contains(Data(Self.code(2)).base64EncodedString()))
      }
      let page: EventPage = try await server.request("GET", "/v1/events").decoded()
      #expect(page.events.isEmpty)
      let large = String(repeating: "x", count: 257 << 10)
      #expect(try await server.request("POST", "/v1/hooks/push", body: large).status == 413)
    }
  }
}
