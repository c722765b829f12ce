/// The text of server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
enum ServerSentEvent {
  /// Returns an event.
  ///
  /// - Parameters:
  ///   - data: JSON on one line.
  ///   - id: what the client comes back with; nil for one behind which nothing can be resumed.
  ///   - name: nil for a `message`, which clients get without asking for it by name.
  /// - Returns: its lines, with the empty one that ends it.
  static func text(_ data: [UInt8], id: Int64? = nil, name: String? = nil) -> [UInt8] {
    var head = ""
    if let id { head += "id: \(id)\n" }
    if let name { head += "event: \(name)\n" }
    return Array((head + "data: ").utf8) + data + Array("\n\n".utf8)
  }

  /// Returns a comment, which clients pass over; with an id, from which they go on if they come again.
  static func comment(_ words: String, id: Int64? = nil) -> [UInt8] {
    Array((": \(words)\n" + (id.map { "id: \($0)\n" } ?? "") + "\n").utf8)
  }

  /// How many milliseconds a client waits before it comes again.
  static let retry = Array("retry: 2000\n\n".utf8)
}
