package import MillraceCore
import Synchronization

/// Tells all who listen of what was just committed.
///
/// It keeps the newest transitions once for all of them, not a buffer for each: who is slower than that reads
/// the record until it is there again. So a listener costs the runner no memory, however slow it is.
package final class LiveFeed: Sendable {
  /// At least so many transitions are kept; at most twice as many, and a row.
  package static let kept = 2000
  /// So many can listen at once.
  package static let mostListeners = 256
  /// How often progress of one attempt wakes the listeners.
  package static let progressInterval = Duration.milliseconds(250)

  fileprivate struct State {
    var rows: [TransitionRow] = []
    var count = 0
    var last: Int64
    /// The newest progress of each running attempt, with the version in which it came.
    var progress: [JobID: (version: Int, value: AttemptProgress)] = [:]
    var version = 0
    /// When progress of an attempt last woke the listeners.
    var told: [JobID: Timestamp] = [:]
    var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextListener = 0
  }

  private let state: Mutex<State>

  /// Makes one that goes on behind the transition with the number `last`; 0 if there was none.
  package init(after last: Int64 = 0) { state = Mutex(State(last: last)) }

  /// The number of the last transition that was committed; 0 if there was none.
  package var last: Int64 { state.withLock { $0.last } }

  /// How many listen.
  package var listenerCount: Int { state.withLock { $0.listeners.count } }

  /// Tells of committed rows; called in the order of the commits.
  package func publish(_ rows: [TransitionRow]) {
    guard let first = rows.first, let last = rows.last else { return }
    let rings = state.withLock { state in
      // A commit that was told as failed and was none: the record has what is missing here.
      if first.first != state.last + 1 { (state.rows, state.count) = ([], 0) }
      state.rows += rows
      state.count += rows.reduce(0) { $0 + $1.transitions.count }
      state.last = last.last
      state.forgetOld()
      for row in rows {
        for ended in row.transitions where ended.kind == .attemptEnded {
          guard let job = ended.job else { continue }
          state.progress[job] = nil
          state.told[job] = nil
        }
      }
      return Array(state.listeners.values)
    }
    for ring in rings { ring.yield() }
  }

  /// Tells of progress. Between two that are told at most the newest is kept, for whoever is woken next.
  package func note(_ progress: AttemptProgress) {
    let rings = state.withLock { state -> [AsyncStream<Void>.Continuation] in
      let job = progress.attempt.job
      state.version += 1
      state.progress[job] = (state.version, progress)
      guard state.told[job].map({ progress.time - $0 >= Self.progressInterval }) ?? true else { return [] }
      state.told[job] = progress.time
      return Array(state.listeners.values)
    }
    for ring in rings { ring.yield() }
  }

  /// Returns the rows with transitions above `last`; nil if not all of them are kept.
  package func rows(after last: Int64) -> [TransitionRow]? {
    state.withLock { state in
      guard last < state.last else { return [] }
      guard let first = state.rows.first, first.first <= last + 1 else { return nil }
      let start = state.rows.partitionPoint { $0.last > last }
      return Array(state.rows[start...])
    }
  }

  /// Returns the newest progress of each running attempt that came after a version, and the version now.
  package func progress(since version: Int) -> (version: Int, found: [AttemptProgress]) {
    state.withLock { state in
      guard version < state.version else { return (state.version, []) }
      let found = state.progress.values.filter { $0.version > version }.sorted { $0.version < $1.version }
      return (state.version, found.map(\.value))
    }
  }

  /// Returns a bell that rings when there may be something new, and at once; nil if too many listen already.
  /// Who stops to listen to it counts no more.
  package func listen() -> (bell: AsyncStream<Void>, ring: AsyncStream<Void>.Continuation)? {
    let (bell, ring) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state -> Int? in
      guard state.listeners.count < Self.mostListeners else { return nil }
      state.nextListener += 1
      state.listeners[state.nextListener] = ring
      return state.nextListener
    }
    guard let id else { return nil }
    ring.onTermination = { [weak self] _ in self?.forget(id) }
    ring.yield()
    return (bell, ring)
  }

  private func forget(_ listener: Int) { _ = state.withLock { $0.listeners.removeValue(forKey: listener) } }
}

extension LiveFeed.State {
  /// Drops old rows, seldom many at once rather than one each time.
  fileprivate mutating func forgetOld() {
    guard count > 2 * LiveFeed.kept else { return }
    var old = 0
    while count - rows[old].transitions.count >= LiveFeed.kept {
      count -= rows[old].transitions.count
      old += 1
    }
    rows.removeFirst(old)
  }
}

extension Array {
  /// Returns the first place from which on all elements are as wanted, in one where none is before it.
  fileprivate func partitionPoint(_ isWanted: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if isWanted(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
