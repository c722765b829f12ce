import Dispatch
import HTTPTypes
import Hummingbird
import MillraceEngine
import NIOCore
import Synchronization

@testable import MillraceClient
@testable import MillraceCore
@testable import MillraceHTTP
@testable import MillraceWire

extension FuzzedParser {
  /// Whole requests, headers and bodies.
  static let requests = [
    FuzzedParser(text: "query", longest: 512) { text in
      let items = try request(path: "/x?" + text.filter { !$0.isNewline && $0 != "#" }).queryItems
      let written = items.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
      let again = try request(path: "/x?" + written.joined(separator: "&")).queryItems
      demand(again.elementsEqual(items, by: ==), "a query that a client has written")
      _ = accepted { try demandFilters(items) }
    },
    FuzzedParser("job-request") { bytes in
      let request = request(of: bytes)
      _ = accepted { try blocking { try await bodies.job(of: request) } }
    },
    FuzzedParser("batch-or-lines") { bytes in
      let request = request(of: bytes)
      _ = accepted { try blocking { try await bodies.batch(of: request) } }
    },
    FuzzedParser("event-request") { bytes in
      let request = request(of: bytes)
      switch try blocking({ try await EventBodies(bodies: bodies).content(of: request) }) {
      case .one(let event): demandEvent(event)
      case .batch(let events): events.forEach(demandEvent)
      }
    },
    FuzzedParser("webhook") { bytes in
      let whole = headersAndBody(of: bytes)
      let call = WebhookCall(headers: whole.headers, body: whole.body)
      for signature in Trigger.WebhookRule.Signature.allCases {
        let rule = Trigger.WebhookRule(signature: signature, secretFile: "/secret")
        demand(
          accepted { try call.authenticate(by: rule, Unsigned(), at: now) } == nil, "a guess is refused")
        if let event = accepted({ try call.event(ofSchedule: "s", by: signature) }) { demandEvent(event) }
      }
    },
    FuzzedParser(text: "if-match", longest: 256) { text in
      guard let tags = try EntityTags.expected(by: request(fields: [.ifMatch: text])) else { return }
      let written = tags.map { EntityTags.text(of: $0) }.joined(separator: ", ")
      demandEqual(try EntityTags.expected(by: request(fields: [.ifMatch: written])) ?? [], tags, "tags again")
    },
  ]

  private static let now = Timestamp(microseconds: 1_125_899_906_000_000)
  private static let bodies = BodyReader(maxJob: 2048, maxBatch: 4096, maxBatchJobs: 8)

  /// What each filter makes of items, and of those that it makes itself.
  private static func demandFilters(_ items: QueryItems) throws {
    // Times are written in milliseconds: from the second time on nothing changes.
    if let filter = accepted({ try JobFilter(queryItems: items) }) {
      let written = try JobFilter(queryItems: filter.queryItems)
      demandEqual(try JobFilter(queryItems: written.queryItems), written, "a filter of jobs")
    }
    if let filter = accepted({ try HistoryFilter(queryItems: items) }) {
      let written = try HistoryFilter(queryItems: filter.queryItems)
      demandEqual(try HistoryFilter(queryItems: written.queryItems), written, "a filter of attempts")
    }
    if let query = accepted({ try EventQuery(queryItems: items) }) {
      demandEqual(try EventQuery(queryItems: query.queryItems), query, "a query of events")
    }
    if let query = accepted({ try LiveQuery(queryItems: items, lastEventID: items.last?.value) }) {
      demandEqual(try LiveQuery(queryItems: query.queryItems, lastEventID: nil), query, "a live query")
    }
    let schedule = ScheduleID(rawValue: 1)
    if let filter = accepted({ try TickFilter(schedule: schedule, queryItems: items) }) {
      let again = try TickFilter(schedule: schedule, queryItems: filter.queryItems)
      demandEqual(again, filter, "a filter of times")
    }
  }

  private static func demandEvent(_ event: CloudEvent) {
    demand(!event.type.isEmpty || event.type.utf8.count <= CloudEvent.longestType, "a type is short")
    demand(accepted { try event.isTooLarge } != nil, "an event can be written")
  }

  static func request(
    path: String = "/", fields: [HTTPField.Name: String] = [:], body: [UInt8] = []
  ) -> Request {
    var headers = HTTPFields()
    for (name, value) in fields { headers[name] = value }
    return request(path: path, headers, body)
  }

  private static func request(path: String = "/", _ headers: HTTPFields, _ body: [UInt8]) -> Request {
    let head = HTTPRequest(
      method: .post, scheme: "http", authority: "localhost", path: path, headerFields: headers)
    return Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
  }

  /// Reads `name: value` on each line up to an empty one; the body follows.
  private static func headersAndBody(of bytes: [UInt8]) -> (headers: HTTPFields, body: [UInt8]) {
    var headers = HTTPFields()
    var rest = bytes
    while true {
      let (line, others) = { ($0[0], $0[1]) }(parts(of: rest, 2))
      rest = others
      let text = String(decoding: line, as: UTF8.self)
      guard let colon = text.firstIndex(of: ":"), let name = HTTPField.Name(String(text[..<colon])) else {
        return (headers, rest)
      }
      headers.append(HTTPField(name: name, value: String(text[text.index(after: colon)...])))
    }
  }

  private static func request(of bytes: [UInt8]) -> Request {
    let (headers, body) = headersAndBody(of: bytes)
    return request(headers, body)
  }

  /// Waits for a task: libFuzzer's thread has no other way.
  private static func blocking<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) throws -> Value {
    let box = Box<Value>()
    let end = DispatchSemaphore(value: 0)
    Task {
      do {
        let value = try await body()
        box.result.withLock { $0 = .success(value) }
      } catch {
        box.result.withLock { $0 = .failure(error) }
      }
      end.signal()
    }
    end.wait()
    guard let result = box.result.withLock({ $0 }) else { preconditionFailure("it has ended") }
    return try result.get()
  }
}

/// What a task came to.
private final class Box<Value: Sendable>: Sendable {
  let result = Mutex<Result<Value, any Error>?>(nil)
}

/// A secret that nobody knows.
private struct Unsigned: MessageAuthentication {
  func code(of message: [UInt8], withSecretIn file: String) -> [UInt8] { (0..<32).map { 211 &- $0 &* 89 } }
}
