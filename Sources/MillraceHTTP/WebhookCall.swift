import FoundationEssentials
import HTTPTypes
import MillraceCore
import MillraceEngine
import MillraceWire

/// A call of a webhook, with what shows that its caller knows the secret.
struct WebhookCall {
  let headers: HTTPFields
  let body: [UInt8]

  /// How far the time of a signature may be from the clock, either way
  /// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
  static let tolerance = Duration.seconds(300)

  /// Demands that its signature is right.
  /// - Throws: `Problem` 401 that does not tell the right one; `Refusal` for a secret that can't be read.
  func authenticate(
    by rule: Trigger.WebhookRule, _ authentication: any MessageAuthentication, at now: Timestamp
  ) throws {
    switch rule.signature {
    case .github:
      // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
      let header = try demanded(.hubSignature)
      guard header.hasPrefix("sha256="), let signature = Self.bytes(ofHex: header.dropFirst(7)) else {
        throw Self.unauthenticated(
          "header `x-hub-signature-256`: it must be `sha256=` and 64 hexadecimal digits")
      }
      let code = try authentication.code(of: body, withSecretIn: rule.secretFile)
      guard Self.areEqual(code, signature) else { throw Self.wrong }
    case .standard:
      let (id, time) = (try demanded(.webhookID), try demanded(.webhookTimestamp))
      let header = try demanded(.webhookSignature)
      try checkAge(time, at: now)
      let signatures = header.split(separator: " ").filter { $0.hasPrefix("v1,") }
        .compactMap { Data(base64Encoded: String($0.dropFirst(3))).map { Array($0) } }
      guard !signatures.isEmpty else {
        throw Self.unauthenticated(
          "header `webhook-signature`: it must have a signature like `v1,` and 44 characters of base64")
      }
      let message = Array("\(id).\(time).".utf8) + body
      let code = try authentication.code(of: message, withSecretIn: rule.secretFile)
      guard signatures.contains(where: { Self.areEqual(code, $0) }) else { throw Self.wrong }
    }
  }

  /// Returns the event that it announces.
  /// - Throws: `Refusal` for a header that can't be an attribute, `Problem` for a body that can't be read.
  func event(
    ofSchedule name: String, by signature: Trigger.WebhookRule.Signature
  ) throws -> CloudEvent {
    var tree = HeaderTree()
    tree.add("specversion", "1.0", from: "")
    tree.add("source", CloudEvent.source(ofSchedule: name), from: "")
    tree.add("type", CloudEvent.BuiltIn.webhookReceived.rawValue, from: "")
    let id: HTTPField.Name = signature == .github ? .gitHubDelivery : .webhookID
    if let text = headers[id] {
      tree.add("id", text, from: id.canonicalName)
    } else {
      tree.note("it is missing", of: id.canonicalName)
    }
    if signature == .github, let text = headers[.gitHubEvent] {
      tree.add("subject", text, from: HTTPField.Name.gitHubEvent.canonicalName)
    }
    let type = headers[.contentType]
    if let type { tree.add("datacontenttype", type, from: "content-type") }
    var event = try tree.event(hint: "docs/events.md has the headers of webhooks")
    do throws(NoJSON) { try event.setData(body, of: type.map { MediaType($0) }) } catch {
      throw EventBodies.malformed(error)
    }
    return event
  }

  private func demanded(_ name: HTTPField.Name) throws -> String {
    guard let text = headers[name], !text.isEmpty else {
      throw Self.unauthenticated("the header `\(name.canonicalName)` is missing")
    }
    return text
  }

  private func checkAge(_ text: String, at now: Timestamp) throws {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int64(text),
      seconds < 1 << 40
    else {
      throw Self.unauthenticated("header `webhook-timestamp`: it must be seconds since 1970, not `\(text)`")
    }
    let age = now - Timestamp(microseconds: seconds * 1_000_000)
    guard age > Self.tolerance || age < .zero - Self.tolerance else { return }
    let away = age > .zero ? age : .zero - age
    throw Self.unauthenticated(
      "header `webhook-timestamp`: it is \(away.text) \(age > .zero ? "old" : "ahead"); "
        + "\(Self.tolerance.text) are allowed", hint: "compare the clocks of both machines")
  }

  private static func unauthenticated(_ detail: String, hint: String? = nil) -> Problem {
    .plain(401, "not authenticated", detail, hint: hint)
  }

  private static let wrong = unauthenticated(
    "the signature does not fit the body and the secret of this webhook",
    hint: "both sides need the same secret, and the body must come as it was signed, byte for byte")

  /// Reads 32 bytes; nil if they are not there.
  private static func bytes(ofHex text: Substring) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: 64, by: 2) {
      let pair = String(decoding: digits[start..<(start + 2)], as: UTF8.self)
      guard pair.allSatisfy(\.isHexDigit), let byte = UInt8(pair, radix: 16) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  /// Whether both are the same, in time that does not tell where they differ.
  private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension HTTPField.Name {
  fileprivate static let hubSignature = known("X-Hub-Signature-256")
  fileprivate static let gitHubDelivery = known("X-GitHub-Delivery")
  fileprivate static let gitHubEvent = known("X-GitHub-Event")
  fileprivate static let webhookID = known("webhook-id")
  fileprivate static let webhookTimestamp = known("webhook-timestamp")
  fileprivate static let webhookSignature = known("webhook-signature")
}
