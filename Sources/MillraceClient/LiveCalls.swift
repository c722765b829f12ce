import MillraceCore
package import MillraceWire

extension Client {
  /// How long a stream of events may be silent: its runner says something every 15 s.
  package static let longestSilence = Duration.seconds(45)

  /// Hands on what changes, as the bytes of server-sent events; returns when the runner ends it.
  package func liveEvents(_ query: LiveQuery, to sink: ([UInt8]) throws -> Void) throws {
    var call = call("GET", "/events/stream", query: query.queryItems)
    call.idle = Self.longestSilence
    try stream(call, to: sink)
  }
}
