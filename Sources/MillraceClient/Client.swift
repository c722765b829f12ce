import FoundationEssentials
package import MillraceCore
import MillraceWire

/// The runner's API from the outside: HTTP/1.1 over its Unix socket, a connection per call. All calls block.
///
/// Each throws `ClientError` if there is no answer, and `Problem` if the answer is no.
package struct Client: Sendable {
  /// The most bytes of an answer that is held in memory.
  package static let answerLimit = Bytes.mebibytes(256)
  private static let problemLimit = Bytes.mebibytes(1)

  /// The path of the runner's socket.
  package let socket: String
  /// How long the runner may be silent before a call gives up.
  package var patience = Duration.seconds(30)
  /// What may happen while a call waits; nil for nothing.
  package var interruption: Interruption?
  /// What is done while the runner is silent; nil for nothing.
  package var pulse: Pulse?

  /// The W3C trace context in which calls are made; nil for none. Jobs that are submitted are in it.
  package var traceParent: String?

  /// Makes a client; nothing is connected yet.
  package init(socket: String) { self.socket = socket }

  // MARK: Exchange

  /// One call, as it goes over the wire.
  struct Call {
    var method: String
    var path: String
    var query: QueryItems = []
    var body: Data?
    var mediaType = "application/json"
    /// The media type that is wanted; nil for what the address has.
    var accept: String?
    /// The revision that must still be there; nil for any.
    var ifMatch: String?
    var traceParent: String?
    /// How long the runner may be silent; nil for ever.
    var idle: Duration?

    var name: String { "\(method) \(path)" }

    /// The target of the request line, percent-encoded.
    var target: String {
      guard !query.isEmpty else { return path }
      return path + "?"
        + query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        .joined(separator: "&")
    }

    var bytes: [UInt8] {
      var head = "\(method) \(target) HTTP/1.1\r\nHost: millrace\r\nConnection: close\r\n"
      if let accept { head += "Accept: \(accept)\r\n" }
      if let traceParent { head += "traceparent: \(traceParent)\r\n" }
      if let ifMatch { head += "If-Match: \"\(ifMatch)\"\r\n" }
      if let body { head += "Content-Type: \(mediaType)\r\nContent-Length: \(body.count)\r\n" }
      if body == nil, method == "POST" { head += "Content-Length: 0\r\n" }
      return [UInt8]((head + "\r\n").utf8) + (body ?? Data())
    }
  }

  func call(
    _ method: String, _ path: String, query: QueryItems = [], body: Data? = nil
  ) -> Call {
    var call = Call(method: method, path: Wire.prefix + path, query: query, body: body, idle: patience)
    call.traceParent = traceParent
    return call
  }

  /// Makes a call and hands its body on as it comes; returns the media type.
  @discardableResult
  func stream(_ call: Call, to sink: ([UInt8]) throws -> Void) throws -> String? {
    let connection = try Connection(
      socket: socket, call: call.name, idle: call.idle, interruption: interruption, pulse: pulse)
    try connection.send(call.bytes)
    var reader = AnswerReader(connection, call: call.name)
    let head = try reader.head()
    guard (200..<300).contains(head.status) else {
      var body = Data()
      try reader.body(of: head) { try Self.collect($0, in: &body, limit: Self.problemLimit, call) }
      throw Self.problem(head, body)
    }
    try reader.body(of: head, to: sink)
    return head.mediaType
  }

  /// Makes a call and returns its whole body with its media type.
  func bytes(_ call: Call) throws -> (mediaType: String?, bytes: Data) {
    var body = Data()
    let mediaType = try stream(call) { try Self.collect($0, in: &body, limit: Self.answerLimit, call) }
    return (mediaType, body)
  }

  /// Makes a call and reads its JSON.
  func value<Value: Decodable>(_ call: Call) throws -> Value {
    let (_, body) = try bytes(call)
    do {
      return try Wire.decoder().decode(Value.self, from: body)
    } catch let error as DecodingError {
      throw ClientError.malformed(call: call.name, reason: Self.words(error))
    }
  }

  private static func collect(_ bytes: [UInt8], in body: inout Data, limit: Bytes, _ call: Call) throws {
    guard Int64(body.count + bytes.count) <= limit.rawValue else {
      throw ClientError.tooLarge(call: call.name, limit: limit)
    }
    body += bytes
  }

  /// Returns what an answer says that is not a success; a body that is no problem becomes one.
  private static func problem(_ head: AnswerHead, _ body: Data) -> Problem {
    if head.mediaType == "application/problem+json",
      // What does not read as a problem is told by its status.
      let problem = try? Wire.decoder().decode(Problem.self, from: body)
    {
      return problem
    }
    return Problem(
      type: "about:blank", title: "HTTP \(head.status)", status: head.status,
      detail: "the runner answered with the HTTP status \(head.status)")
  }

  private static func words(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, _): "`\(key.stringValue)` is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? context.debugDescription
        : "\(context.debugDescription) (at `\(context.codingPath.map(\.stringValue).joined(separator: "."))`)"
    @unknown default: "it is not what this version knows"
    }
  }
}

/// Percent-encoding for query strings ([RFC 3986](https://www.rfc-editor.org/rfc/rfc3986)).
enum PercentEncoding {
  /// Returns text with everything but unreserved characters encoded.
  static func encode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        encoded += "%" + byte.hexadecimal.uppercased()
      }
    }
    return encoded
  }
}
