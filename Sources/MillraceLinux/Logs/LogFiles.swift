import Glibc
package import Logging
package import MillraceCore
import MillraceEngine
import Synchronization

/// The logs of attempts, one file each: `logs/<job>/<attempt>.log`.
package final class LogFiles: AttemptLogs {
  private let directory: String
  package let cap: Bytes
  private let log: Logger
  private let state = Mutex(State())

  private struct State: ~Copyable {
    var open: [AttemptID: OpenLog] = [:]
    var nextFollower = 0
  }

  private final class OpenLog {
    let log: CappedLog
    var followers: [Int: AsyncStream<Void>.Continuation] = [:]

    init(_ log: CappedLog) { self.log = log }
  }

  /// Keeps logs below a directory, each at most `cap` bytes long.
  package init(directory: String, cap: Bytes, log: Logger) {
    self.directory = directory
    self.cap = cap
    self.log = log
  }

  private func path(_ attempt: AttemptID) -> String { "\(directory)/\(attempt.job)/\(attempt.number).log" }

  /// Begins the log of an attempt.
  package func begin(_ attempt: AttemptID) {
    state.withLock { $0.open[attempt] = OpenLog(CappedLog(path: path(attempt), cap: cap)) }
  }

  /// Adds output. A disk that does not take it costs lines, never the attempt.
  package func append(_ attempt: AttemptID, _ bytes: UnsafeRawBufferPointer) {
    let bytes = [UInt8](bytes)
    state.withLock { state in
      guard let open = state.open[attempt] else { return }
      do {
        try open.log.append(bytes)
      } catch {
        log.error("log not written", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
      }
      for follower in open.followers.values { follower.yield() }
    }
  }

  /// Ends the log of an attempt; its followers get the rest and then the end.
  package func end(_ attempt: AttemptID) {
    state.withLock { state in
      guard let open = state.open.removeValue(forKey: attempt) else { return }
      do {
        try open.log.close()
      } catch {
        log.error("log not finished", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
      }
      for follower in open.followers.values { follower.finish() }
    }
  }

  package func read(_ attempt: AttemptID, from offset: Int64, atMost count: Int) throws -> [UInt8]? {
    guard let file = try Descriptor.ifThere(path(attempt), flags: O_RDONLY) else {
      return []  // It has written nothing yet, or nothing at all.
    }
    var got = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
      got = pread(file.number, buffer.baseAddress, count, off_t(offset))
      length = max(got, 0)
    }
    guard got >= 0 else { throw LinuxError("read the log of \(attempt)", .kernel(errno)) }
    return bytes
  }

  package func follow(_ attempt: AttemptID) -> AsyncStream<[UInt8]>? {
    let (bell, ring) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      let number = state.nextFollower
      state.nextFollower += 1
      if let open = state.open[attempt] { open.followers[number] = ring } else { ring.finish() }
      return number
    }
    let follower = Follower(files: self, attempt: attempt, number: number, bell: bell)
    // A follower that is cancelled hears the end from its bell; one that is dropped goes with the stream.
    return AsyncStream { await follower.next() }
  }

  /// How many follow the log of an attempt.
  func followerCount(_ attempt: AttemptID) -> Int {
    state.withLock { $0.open[attempt]?.followers.count ?? 0 }
  }

  private func unfollow(_ attempt: AttemptID, _ number: Int) {
    state.withLock { $0.open[attempt]?.followers[number] = nil }
  }

  /// Reads a growing file piece by piece, at the pace of whoever asks.
  private actor Follower {
    private let files: LogFiles
    private let attempt: AttemptID
    private let number: Int
    private var bell: AsyncStream<Void>.Iterator
    private var offset: Int64 = 0
    private var hasEnded = false

    init(files: LogFiles, attempt: AttemptID, number: Int, bell: AsyncStream<Void>) {
      self.files = files
      self.attempt = attempt
      self.number = number
      self.bell = bell.makeAsyncIterator()
    }

    deinit { files.unfollow(attempt, number) }

    func next() async -> [UInt8]? {
      while true {
        let chunk: [UInt8]
        do {
          chunk = try files.read(attempt, from: offset, atMost: 64 << 10) ?? []
        } catch {
          files.log.error("log not read", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
          return nil
        }
        if !chunk.isEmpty {
          offset += Int64(chunk.count)
          return chunk
        }
        if hasEnded { return nil }
        var iterator = bell
        hasEnded = await iterator.next(isolation: self) == nil
        bell = iterator
      }
    }
  }
}
