package import MillraceCore
import MillraceEngine
import Synchronization

/// Logs without files; nothing is capped, and a followed log is all that is there.
package final class MemoryLogs: AttemptLogs {
  private let logs = Mutex<[AttemptID: [UInt8]]>([:])

  /// Makes logs of nothing.
  package init() {}

  /// Adds to the log of an attempt.
  package func append(_ bytes: [UInt8], to attempt: AttemptID) {
    logs.withLock { $0[attempt, default: []] += bytes }
  }

  package func read(_ attempt: AttemptID, from offset: Int64, atMost count: Int) async throws -> [UInt8]? {
    logs.withLock { logs in
      logs[attempt].map { Array($0.dropFirst(Int(offset)).prefix(count)) }
    }
  }

  package func follow(_ attempt: AttemptID) async throws -> AsyncStream<[UInt8]>? {
    guard let log = logs.withLock({ $0[attempt] }) else { return nil }
    return AsyncStream { stream in
      stream.yield(log)
      stream.finish()
    }
  }
}
