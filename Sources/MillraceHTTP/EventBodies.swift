import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceWire

/// Reads events out of requests, in each mode that CloudEvents have over HTTP.
///
/// Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
struct EventBodies: Sendable {
  let bodies: BodyReader

  /// The most events of a batch, and the most bytes of its body.
  static let mostOfBatch = 1000
  static let largestBatch = Bytes.mebibytes(4)

  /// What a request announces.
  enum Content {
    case one(CloudEvent)
    case batch([CloudEvent])
  }

  /// Reads what a request announces.
  /// - Throws: `Problem` or `Refusal` with all that is wrong with an event, and where.
  func content(of request: Request) async throws -> Content {
    let type = request.headers[.contentType].map { MediaType($0) }
    switch type?.name {
    case "application/cloudevents+json": return .one(try await structured(request))
    case "application/cloudevents-batch+json": return .batch(try await batch(request))
    case let name? where name.hasPrefix("application/cloudevents"):
      throw Self.unsupported(name, hint: "of the formats of CloudEvents there is JSON")
    case let name:
      if request.headers.contains(where: { $0.name.isAttribute }) { return .one(try await binary(request)) }
      if name == nil || name == "application/json" { return .one(try await structured(request)) }
      throw Self.unsupported(
        name ?? "",
        hint: "send it as application/cloudevents+json, or its attributes as the headers ce-id, ce-source, "
          + "ce-type and ce-specversion")
    }
  }

  /// Reads a body that may be as large as one event.
  func body(of request: Request) async throws -> [UInt8] {
    Array(try await bodies.collect(request, atMost: CloudEvent.largest.rawValue, orRefuse: Self.tooLarge))
  }

  /// Refuses an event that is too large as it will be written.
  static func checkSize(of event: CloudEvent, index: Int? = nil) throws {
    guard try event.isTooLarge else { return }
    var refusal = tooLarge(CloudEvent.largest.rawValue)
    refusal.index = index
    throw refusal
  }

  private static func unsupported(_ name: String, hint: String) -> Problem {
    .plain(415, "unsupported media type", "an event can't be read from `\(name)`", hint: hint)
  }

  private static func tooLarge(_ bound: Int64) -> Refusal {
    Refusal(
      .tooLarge, "the event has more than \(Bytes(bound))",
      hint: "leave the data where it is, and announce its place")
  }

  private func structured(_ request: Request) async throws -> CloudEvent {
    let tree = try Self.tree(of: try await body(of: request))
    if case .list = tree {
      throw Refusal(
        .invalid, "the body is a list, not an event",
        hint: "a list of events is application/cloudevents-batch+json")
    }
    let event = try Self.event(tree)
    try Self.checkSize(of: event)
    return event
  }

  private func batch(_ request: Request) async throws -> [CloudEvent] {
    let body = try await bodies.collect(request, atMost: Self.largestBatch.rawValue) { bound in
      Refusal(.tooLarge, "the batch has more than \(Bytes(bound))", hint: "send it in parts")
    }
    guard case .list(let elements, _) = try Self.tree(of: Array(body)) else {
      throw Refusal(.invalid, "the body must be a list of events: `[{…}, {…}]`")
    }
    guard !elements.isEmpty else { throw Refusal(.invalid, "the batch has no events") }
    guard elements.count <= Self.mostOfBatch else {
      throw Refusal(
        .tooLarge, "a batch has at most \(Self.mostOfBatch) events, not \(elements.count)",
        hint: "send it in parts")
    }
    return try elements.enumerated().map { index, element in
      let event = try Self.event(element, index: index)
      try Self.checkSize(of: event, index: index)
      return event
    }
  }

  /// The attributes are headers, the body is the data.
  private func binary(_ request: Request) async throws -> CloudEvent {
    var headers = HeaderTree()
    for field in request.headers where field.name.isAttribute {
      let header = field.name.canonicalName
      let name = String(header.dropFirst(3))
      switch name {
      case "datacontenttype": headers.note("the media type of the data is `content-type`", of: header)
      case "data", "data_base64": headers.note("the data is the body", of: header)
      default:
        guard let text = percentDecoded(Substring(field.value.unquoted)) else {
          headers.note("it has a broken percent code: `\(field.value)`", of: header)
          continue
        }
        headers.add(name, text, from: header)
      }
    }
    let type = request.headers[.contentType]
    if let type { headers.add("datacontenttype", type, from: "content-type") }
    var event = try headers.event(
      hint: "an attribute is a header `ce-` and its name; a blank, a quote, a percent sign and what is not "
        + "ASCII is percent-encoded")
    let body = try await body(of: request)
    do throws(NoJSON) { try event.setData(body, of: type.map { MediaType($0) }) } catch {
      throw Self.malformed(error)
    }
    try Self.checkSize(of: event)
    return event
  }

  private static func tree(of body: [UInt8]) throws -> PlacedValue {
    do throws(NoJSON) { return try PlacedJSON.tree(of: body) } catch { throw malformed(error) }
  }

  private static func event(_ tree: PlacedValue, index: Int? = nil) throws -> CloudEvent {
    do throws(Mistakes) { return try CloudEvent(tree) } catch {
      throw Refusal(.invalid, error.all.map(\.line).joined(separator: "\n"), index: index)
    }
  }

  /// The problem of a body that should be JSON and is none.
  static func malformed(_ error: NoJSON) -> Problem {
    .plain(400, "malformed body", Mistake(place: error.place, message: error.message).line)
  }
}

extension Mistake {
  /// With its place: `2:14: …`.
  fileprivate var line: String { (place.map { "\($0.line):\($0.column): " } ?? "") + message }
}

extension HTTPField.Name {
  /// Whether it is an attribute of an event in binary mode.
  fileprivate var isAttribute: Bool { canonicalName.hasPrefix("ce-") }
}

extension String {
  /// Without the quotes that a header can have around it (RFC 9110 §5.6.4).
  fileprivate var unquoted: String {
    guard count > 1, hasPrefix("\""), hasSuffix("\"") else { return self }
    var text = ""
    var isEscaped = false
    for character in dropFirst().dropLast() {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        text.append(character)
        isEscaped = false
      }
    }
    return text
  }
}
