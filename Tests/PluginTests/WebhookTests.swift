import FoundationEssentials
import Glibc
import HTTPTypes
import MillraceCore
import MillraceLinux
import MillraceWire
import PluginRecording
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("notify.webhook signs what it sends")
struct WebhookTests {
  private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  private func send(
    _ url: String, _ more: String = #","payload":{"a":1}"#, secret: String = Self.secret,
    in surroundings: Surroundings = .init()
  ) throws -> PluginRun {
    try run(
      "notify.webhook", of: "http", #"{"url":"\#(url)","secret":"\#(secret)"\#(more)}"#, in: surroundings)
  }

  /// Has Millrace's own webhooks look at a call, with this secret in their file.
  private func receive(
    _ call: ScriptedServer.Request, _ signature: String, secret: String = Self.secret
  ) throws -> CloudEvent {
    let directory = try TemporaryDirectory()
    let file = try directory.write("secret", (secret + "\n").utf8)
    guard chmod(file, 0o600) == 0 else { throw TestFailure("cannot close \(file)") }
    let definition = try Sample.definition(
      "hook",
      [
        "every": .null,
        "webhook": .object(["signature": .string(signature), "secret_file": .string(file)]),
      ])
    guard case .webhook(let rule) = definition.trigger?.origin else { throw TestFailure("it has no webhook") }
    var headers = HTTPFields()
    for line in call.fields {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard let name = HTTPField.Name(String(parts[0])) else { throw TestFailure("no header: \(line)") }
      headers.append(HTTPField(name: name, value: String(parts[1].drop { $0 == " " })))
    }
    let webhook = WebhookCall(headers: headers, body: Array(call.body.utf8))
    let now = Timestamp(microseconds: Int64(time(nil)) * 1_000_000)
    try webhook.authenticate(by: rule, SecretFiles(), at: now)
    return try webhook.event(ofSchedule: "hook", by: rule.signature)
  }

  @Test(
    "What it sends is what Millrace's own webhooks accept, with that secret only",
    arguments: ["standard", "github"], [Self.secret, "It's a Secret to Everybody"])
  func accepted(signature: String, secret: String) throws {
    let server = try LoopbackServer(.head(204))
    let more = #","signature":"\#(signature)","event":"disk.full","payload":{"text":"é","n":[1,2.5]}"#
    let job = try send(server.url + "/hook", more, secret: secret)
    #expect(job.failure == nil, "\(job)")
    let call = try #require(server.requests.first)
    #expect(call.method == "POST" && call.field("Content-Type") == "application/json")
    #expect(call.body == #"{"text":"é","n":[1,2.5]}"#)
    let event = try receive(call, signature, secret: secret)
    #expect(job.text == #"{"id":"\#(event.id)","status":204}"#)
    #expect(event.id.hasPrefix("msg_") && event.id.utf8.count == 36)
    #expect(event.subject == (signature == "github" ? "disk.full" : nil))
    #expect(throws: Problem.self) { try receive(call, signature, secret: "whsec_c29tZXRoaW5nIGVsc2U=") }
    var changed = call
    changed.body = #"{"text":"e","n":[1,2.5]}"#
    #expect(throws: Problem.self) { try receive(changed, signature, secret: secret) }
  }

  @Test("Each attempt has the same id, and a message of one's own has one's own")
  func ids() throws {
    let server = try LoopbackServer(.head(500))
    let first = try send(server.url)
    #expect(first.failureCode == "status_500" && first.failure?.isRetryable == true, "\(first)")
    var saved: String?
    for case .checkpoint(let bytes) in first.events { saved = String(decoding: bytes, as: UTF8.self) }
    let checkpoint: String = try #require(saved)
    _ = try send(server.url, in: Surroundings(checkpoint: checkpoint))
    _ = try send(server.url)
    let ids = server.requests.map { $0.field("webhook-id") }
    #expect(ids.count == 3 && ids[0] != nil && ids[0] == ids[1] && ids[0] != ids[2])
    let own = try send(server.url, #","id":"evt-17","payload":[]"#)
    #expect(own.failure?.message.contains("the message `evt-17`") == true)
    #expect(try receive(try #require(server.requests.last), "standard").id == "evt-17")
  }

  @Test("The job's input is sent as it is, if it is JSON")
  func input() throws {
    let server = try LoopbackServer(.head(200))
    let text = "{ \"a\" : 1 }\n"
    #expect(try send(server.url, "", in: Surroundings(input: Array(text.utf8))).failure == nil)
    #expect(try #require(server.requests.first).body == text)
    _ = try receive(try #require(server.requests.first), "standard")
    let bad = try send(server.url, "", in: Surroundings(input: Array("{".utf8)))
    #expect(bad.failureCode == "invalid_parameters" && server.requests.count == 1)
  }

  @Test(
    "Whatever is no success is tried again, but for 410: nobody listens there any more",
    arguments: [(302, true), (400, true), (401, true), (404, true), (410, false), (503, true)])
  func refusals(status: Int, isRetryable: Bool) throws {
    let server = try LoopbackServer(.redirect(status, to: "/elsewhere"))
    let job = try send(server.url)
    #expect(job.failureCode == "status_\(status)" && job.failure?.isRetryable == isRetryable, "\(job)")
    #expect(server.requests.count == 1)
  }

  @Test("A receiver that asks for time gets it, with the same id afterwards")
  func retryAfter() throws {
    let server = try LoopbackServer(.head(429, "Retry-After: 30"))
    let job = try send(server.url)
    #expect(job.events.contains { if case .snooze(30_000, _) = $0 { true } else { false } }, "\(job)")
    let id = try #require(server.requests.first?.field("webhook-id"))
    #expect(job.events.contains(.checkpoint(bytes: Data(#"{"id":"\#(id)","waits":1}"#.utf8))))
  }

  @Test("It is refused where a request would be: a forbidden host, a certificate that nobody trusts")
  func guarded() throws {
    let server = try LoopbackServer(.head(200))
    let more = #","payload":{},"allow":["hooks.example"]"#
    #expect(try send(server.url, more).failureCode == "forbidden_host")
    #expect(try send(server.url, #","payload":{},"public_only":true"#).failureCode == "forbidden_address")
    let tls = try TLSServer(["hook": "HTTP/1.0 200 OK\r\n\r\n"])
    #expect(try send(tls.url("hook")).failureCode == "not_trusted")
    #expect(server.requests.isEmpty)
    withExtendedLifetime(tls) {}
  }

  @Test("The secret and secret headers are in nothing that the handler says")
  func silence() throws {
    for server in [try LoopbackServer(.head(500)), try LoopbackServer(.head(200)), try LoopbackServer()] {
      let job = try send(server.url, #","payload":{},"secret_headers":{"X-Key":"hidden"}"#)
      #expect(!"\(job)".contains("hidden") && !"\(job)".contains(Self.secret.dropFirst(6)))
      #expect(server.requests.first?.field("X-Key") == "hidden")
    }
  }

  @Test(
    "Parameters that don't fit are refused",
    arguments: [
      ("", Self.secret, "there is neither `payload` nor an input"),
      (#","payload":"text""#, Self.secret, "`payload` must be"),
      (#","payload":{}"#, "whsec_", "no base64"), (#","payload":{}"#, "whsec_a b=", "no base64"),
      (#","payload":{}"#, "whsec_YQ=", "no base64"), (#","payload":{}"#, "whsec_Y===", "no base64"),
      (#","payload":{}"#, "", "`secret` can't be taken: it is empty"),
      (#","payload":{},"id":"a.b""#, Self.secret, "`id` must be of printable ASCII without blanks and dots"),
      (#","payload":{},"id":"a\r\nEvil: 1""#, Self.secret, "`id` must be"),
      (#","payload":{},"event":"a\nb""#, Self.secret, "`event` must be"),
      (#","payload":{},"headers":{"Webhook-Id":"1"}"#, Self.secret, "`webhook-id` is for this handler"),
      (#","payload":{},"headers":{"X":"1\n2"}"#, Self.secret, "a line's end"),
    ])
  func wrongParameters(more: String, secret: String, words: String) throws {
    let job = try send("http://127.0.0.1:1/", more, secret: secret)
    #expect(job.failureCode == "invalid_parameters", "\(job)")
    #expect(job.failure?.message.contains(words) == true, "\(job)")
  }
}
