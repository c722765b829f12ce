import Foundation
import MillraceClient
import MillraceCore
import MillraceWire
import Synchronization

/// Clients that follow everything that changes, each on a connection and a thread of its own.
final class EventFollowers: Sendable {
  private struct Follower {
    /// The number of the last event that it was told.
    var position: Int64
    /// Why it ended; nil while it follows.
    var end: String?
  }

  private let followers: Mutex<[Follower]>

  /// Begins to follow, behind an event.
  init(_ count: Int, of client: Client, after number: Int64) {
    followers = Mutex(Array(repeating: Follower(position: number), count: count))
    for index in 0..<count {
      Thread.detachNewThread { [self] in
        let end = follow(index, client, after: number)
        followers.withLock { $0[index].end = end }
      }
    }
  }

  /// Follows until the stream ends; returns why it did. An event that is not the next one is an end, too.
  private func follow(_ index: Int, _ client: Client, after number: Int64) -> String {
    var query = LiveQuery()
    query.start = .after(number)
    var reader = ServerSentEventReader()
    var position = number
    do {
      try client.liveEvents(query) { bytes in
        let former = reader.lastID
        try reader.feed(bytes) { event in
          // Progress, which is not on record, has no number.
          guard event.data.contains("\"id\":") else { return }
          position += 1
        }
        guard let last = reader.lastID, last != former else { return }
        guard last == "\(position)" else {
          throw BenchmarkError("it was told up to event \(last), and counted up to \(position)")
        }
        followers.withLock { $0[index].position = position }
      }
      return "the runner ended its stream"
    } catch {
      return "\(error)"
    }
  }

  /// Returns when all were told of everything up to an event.
  /// - Throws: `BenchmarkError` if one ended before, or if that takes longer than `patience`.
  func waitForAll(upTo number: Int64, atMost patience: Duration) async throws {
    let end = ContinuousClock.now + patience
    while true {
      let now = followers.withLock(\.self)
      if let early = now.compactMap(\.end).first { throw BenchmarkError("a follower ended: \(early)") }
      guard let slowest = now.map(\.position).min(), slowest < number else { return }
      guard ContinuousClock.now < end else {
        throw BenchmarkError("a follower was told up to event \(slowest) of \(number)")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}

extension Client {
  /// The number of the newest event on record; 0 if there is none.
  func newestEvent() throws -> Int64 {
    var query = LiveQuery()
    (query.start, query.follows) = (.last(1), false)
    var reader = ServerSentEventReader()
    try liveEvents(query) { try reader.feed($0) { _ in } }
    return reader.lastID.flatMap { Int64($0) } ?? 0
  }
}
