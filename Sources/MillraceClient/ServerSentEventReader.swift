/// One server-sent event.
package struct ServerSentEvent: Sendable, Equatable {
  /// `message` if it has no name.
  package var name = "message"
  package var data = ""

  package init(name: String = "message", data: String = "") {
    self.name = name
    self.data = data
  }
}

/// Reads server-sent events from bytes as they come
/// (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
package struct ServerSentEventReader: Sendable {
  /// The most bytes of a line.
  private static let longest = 1 << 20

  /// The id with which a client comes again: that of the last event or comment that had one; nil for none.
  package private(set) var lastID: String?
  private var line: [UInt8] = []
  private var event = ServerSentEvent()
  private var hasData = false
  private var id: String?

  package init(lastID: String? = nil) {
    self.lastID = lastID
    id = lastID
  }

  /// Takes bytes in and hands on the events that they complete.
  /// - Throws: `ClientError` (`malformed`) for a line that is too long, and what `body` throws.
  package mutating func feed(_ bytes: [UInt8], _ body: (ServerSentEvent) throws -> Void) throws {
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        line.append(byte)
        guard line.count <= Self.longest else {
          throw ClientError.malformed(call: "GET events", reason: "a line of an event is too long")
        }
        continue
      }
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      let whole = line
      line = []
      try take(whole, body)
    }
  }

  /// Takes a line in. It is cut as bytes: a mark behind a colon or a blank makes one character with it.
  private mutating func take(_ line: [UInt8], _ body: (ServerSentEvent) throws -> Void) throws {
    guard !line.isEmpty else {
      let complete = hasData ? event : nil
      (event, hasData) = (ServerSentEvent(), false)
      if let complete { try body(complete) }
      // Only now: an event that could not be handed on comes again.
      lastID = id
      return
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
    var rest = line[(colon + 1)...]
    if rest.first == UInt8(ascii: " ") { rest.removeFirst() }
    let value = String(decoding: rest, as: UTF8.self)
    switch String(decoding: line[..<colon], as: UTF8.self) {
    case "id": id = value
    case "event": event.name = value
    case "data":
      if hasData { event.data += "\n" }
      event.data += value
      hasData = true
    default: break  // A comment, or what this client does not need.
    }
  }
}
