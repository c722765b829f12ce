import FoundationEssentials
import MillraceClient
import MillraceCore
import MillraceEngine
import MillraceWire
import TestSupport

/// A client that follows events on a socket of its own.
final class EventFollower: Sendable {
  let client: SocketClient
  // SAFETY: a test awaits each call before it makes the next one.
  private nonisolated(unsafe) var reader = ServerSentEventReader()
  // SAFETY: as above.
  private nonisolated(unsafe) var waiting: [ServerSentEvent] = []
  // SAFETY: as above.
  private nonisolated(unsafe) var text = ""

  /// Begins to follow; returns when the answer has begun.
  init(_ server: TestServer, _ query: String = "", headers: [String] = []) async throws {
    client = try SocketClient(path: server.path)
    try await client.send(TestServer.text(of: "GET", "/v1/events/stream\(query)", headers: headers))
    let head = try await client.head()
    guard head.status == 200, head.headers["content-type"] == "text/event-stream" else {
      throw TestFailure("\(head.status) \(head.headers)")
    }
  }

  var lastID: String? { reader.lastID }

  /// All bytes that came so far.
  var received: String { text }

  /// Returns the next event; nil at the end of the stream.
  func next() async throws -> ServerSentEvent? {
    while waiting.isEmpty {
      guard let bytes = try await client.chunk() else { return nil }
      text += String(decoding: bytes, as: UTF8.self)
      try reader.feed(bytes) { waiting.append($0) }
    }
    return waiting.removeFirst()
  }

  /// Returns the next so many.
  func views(_ count: Int) async throws -> [LiveEventView] {
    var views: [LiveEventView] = []
    while views.count < count, let event = try await next() {
      views.append(try Wire.decoder().decode(LiveEventView.self, from: Data(event.data.utf8)))
    }
    return views
  }

  func ids(_ count: Int) async throws -> [Int64] { try await views(count).map(\.id) }

  /// Reads until something came that has these words in it.
  func text(with words: String) async throws {
    while !text.contains(words) {
      guard let bytes = try await client.chunk() else { throw TestFailure("it ended: \(text)") }
      text += String(decoding: bytes, as: UTF8.self)
      try reader.feed(bytes) { waiting.append($0) }
    }
  }
}

extension LiveEventView {
  var id: Int64 { if case .integer(let id)? = members["id"] { id } else { 0 } }
}

/// A store with a job of which transitions are made.
struct LiveStage: Sendable {
  let store = MemoryJobStore()
  let job: JobID

  init() async throws { job = try await store.submit([Sample.plain()], at: Sample.time(0))[0] }

  /// Makes transitions, each in a commit of its own.
  func hold(times: Int) async throws {
    for time in 0..<times { try await store.commit([.held(job, time % 2 == 0)], at: Sample.time(1)) }
  }
}
