import MillraceCore
import MillraceEngine
import Synchronization

/// What has changed and nobody has taken yet: of the schedules only the newest, of notices a bounded number.
final class PendingChanges: Sendable {
  private let state = Mutex(State())
  private let bell: AsyncStream<Void>
  private let ring: AsyncStream<Void>.Continuation

  private struct State {
    var hasNewSurroundings = false
    var files: ScheduleSourceChange?
    var notices: [String] = []
    var dropped = 0
  }

  /// As many notices are kept.
  static let mostNotices = 100

  init() { (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  /// Adds a change.
  func put(_ change: ScheduleSourceChange) {
    state.withLock { state in
      switch change {
      case .surroundings: state.hasNewSurroundings = true
      case .files: state.files = change
      case .notice(let notice):
        if state.notices.count < Self.mostNotices { state.notices.append(notice) } else { state.dropped += 1 }
      }
    }
    ring.yield()
  }

  /// Waits for a change and takes it: what schedules need comes before the schedules. Nil if the task is
  /// cancelled.
  func next() async -> ScheduleSourceChange? {
    while true {
      if let change = take() { return change }
      var iterator = bell.makeAsyncIterator()
      guard await iterator.next() != nil else { return nil }
    }
  }

  private func take() -> ScheduleSourceChange? {
    state.withLock { state in
      if state.hasNewSurroundings {
        state.hasNewSurroundings = false
        return .surroundings
      }
      if let files = state.files {
        state.files = nil
        return files
      }
      if !state.notices.isEmpty { return .notice(state.notices.removeFirst()) }
      guard state.dropped > 0 else { return nil }
      defer { state.dropped = 0 }
      return .notice("\(state.dropped) more notices of files of schedules and calendars were dropped")
    }
  }
}
