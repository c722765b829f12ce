package import MillraceCore
package import MillraceEngine
import Synchronization

/// Directories that a test fills by words.
package final class FakeFileEventSource: FileEventSource {
  private let state = Mutex<[WatchedDirectory]>([])
  package let changes: AsyncStream<FileEventChange>
  private let continuation: AsyncStream<FileEventChange>.Continuation

  package init() { (changes, continuation) = AsyncStream.makeStream() }

  package func watch(_ directories: [WatchedDirectory]) { state.withLock { $0 = directories } }

  /// What is watched, as it was last told.
  package var watched: [WatchedDirectory] { state.withLock { $0 } }

  /// Tells something.
  package func tell(_ change: FileEventChange) { continuation.yield(change) }
}

extension ScheduleStore {
  /// Claims nominal times that are about no events.
  package func claim(_ claims: [Claim], at now: Timestamp) async throws -> [ClaimResult] {
    try await claim(claims, settling: EventSettlement(), at: now)
  }
}
