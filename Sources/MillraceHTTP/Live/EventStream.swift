import FoundationEssentials
import MillraceCore
import MillraceEngine
import MillraceWire
import Synchronization

/// What is told to one client.
struct EventStream: Sendable {
  /// How long things take.
  struct Times: Sendable {
    /// After so long without an event a comment shows both sides that the other is there.
    var heartbeat: Duration
    /// A client that takes nothing for so long is dropped, at the next heartbeat.
    var stall: Duration
  }

  /// A client takes nothing, so nothing can be said to it either: its connection is broken off.
  struct StalledReader: Error {}

  let feed: any TransitionStore
  let texts: EventTexts
  let query: LiveQuery
  let times: Times
  let bell: AsyncStream<Void>
  let ring: AsyncStream<Void>.Continuation
  /// Where it begins: what comes after the client asked is told.
  private let reader: TransitionReader
  /// What is running already has told of its progress to others.
  private let progressVersion: Int

  /// About so much is sent at a time.
  private static let pieceSize = 64 << 10

  /// What the task that writes and the one that watches it share.
  private final class Pulse: Sendable {
    struct State {
      /// Since when the client has taken nothing; nil while nothing is sent.
      var writing: ContinuousClock.Instant?
      var isBeatDue = false
    }

    let state = Mutex(State())
  }

  /// Makes the stream for a query that was just asked; nil if there are too many.
  init?(_ query: LiveQuery, of feed: any TransitionStore, texts: EventTexts, times: Times) {
    guard let (bell, ring) = feed.live.listen() else { return nil }
    let start: Int64? =
      switch query.start {
      case .now: query.follows ? nil : 0
      case .after(let number): number
      // All that are on record, if there are not so many.
      case .last(let count): max(0, feed.live.last - Int64(count))
      }
    self.feed = feed
    self.texts = texts
    self.query = query
    self.times = times
    self.bell = bell
    self.ring = ring
    reader = TransitionReader(feed, after: start)
    progressVersion = feed.live.progress(since: .max).version
  }

  /// Sends until all is told, if the query ends with that, or until it is cancelled.
  /// - Throws: `StalledReader`; and what the record or the connection throws.
  func send(to output: LongBodyWriter) async throws {
    let pulse = Pulse()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await watch(pulse) }
      group.addTask {
        try await write(ServerSentEvent.retry, to: output, pulse)
        try await tell(output, pulse)
      }
      try await group.next()
      group.cancelAll()
    }
  }

  /// Wakes the writer for a heartbeat, and looks whether it is stuck.
  private func watch(_ pulse: Pulse) async throws {
    while true {
      try await Task.sleep(for: times.heartbeat)
      let isStuck = pulse.state.withLock { state in
        state.isBeatDue = true
        return state.writing.map { ContinuousClock.now - $0 >= times.stall } ?? false
      }
      if isStuck { throw StalledReader() }
      ring.yield()
    }
  }

  private func tell(_ output: LongBodyWriter, _ pulse: Pulse) async throws {
    var reader = reader
    var version = progressVersion
    for await _ in bell {
      var hasTold = false
      while let part = try await reader.next() {
        hasTold = try await send(part, to: output, pulse) || hasTold
        try Task.checkCancellation()
      }
      guard query.follows else {
        return try await write(ServerSentEvent.comment("that is all", id: reader.position), to: output, pulse)
      }
      let news = feed.live.progress(since: version)
      version = news.version
      for progress in news.found where query.filter.matches(progress) {
        let text = Array(try Wire.encoder().encode(LiveEventView(progress)))
        try await write(ServerSentEvent.text(text), to: output, pulse)
        hasTold = true
      }
      let isBeatDue = pulse.state.withLock { state in
        defer { state.isBeatDue = false }
        return state.isBeatDue
      }
      guard isBeatDue, !hasTold else { continue }
      try await write(ServerSentEvent.comment("still here", id: reader.position), to: output, pulse)
    }
  }

  /// Sends what fits of a part; returns whether there was something.
  private func send(
    _ part: TransitionReader.Part, to output: LongBodyWriter, _ pulse: Pulse
  ) async throws -> Bool {
    switch part {
    case .reset(let reset):
      let view = LiveResetView(after: reset.after, resume: reset.resume)
      let text = Array(try Wire.encoder().encode(view))
      try await write(ServerSentEvent.text(text, id: reset.resume, name: "reset"), to: output, pulse)
      return true
    case .rows(let rows, let seen):
      var (piece, hasTold) = ([UInt8](), false)
      for row in rows {
        piece += try texts.text(of: row, above: seen, matching: query.filter)
        hasTold = hasTold || !piece.isEmpty
        guard piece.count >= Self.pieceSize else { continue }
        try await write(piece, to: output, pulse)
        piece = []
      }
      if !piece.isEmpty { try await write(piece, to: output, pulse) }
      return hasTold
    }
  }

  private func write(_ bytes: [UInt8], to output: LongBodyWriter, _ pulse: Pulse) async throws {
    pulse.state.withLock { $0.writing = .now }
    try await output.write(bytes)
    pulse.state.withLock { $0.writing = nil }
  }
}
