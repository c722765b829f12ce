import Synchronization

/// What happened, in order; tests wait for an entry instead of for a time.
package final class Journal<Entry: Sendable>: Sendable {
  private struct Waiter {
    var isEnough: @Sendable ([Entry]) -> Bool
    var continuation: CheckedContinuation<[Entry], any Error>
  }

  private struct State {
    var entries: [Entry] = []
    var waiters: [Int: Waiter] = [:]
    var next = 0
    var cancelled: Set<Int> = []
  }

  private let state = Mutex(State())

  /// Makes an empty journal.
  package init() {}

  /// All entries so far.
  package var entries: [Entry] { state.withLock { $0.entries } }

  /// Adds an entry and wakes those who waited for it.
  package func append(_ entry: Entry) {
    let (entries, woken) = state.withLock { state in
      state.entries.append(entry)
      let woken = state.waiters.filter { $0.value.isEnough(state.entries) }
      for number in woken.keys { state.waiters[number] = nil }
      return (state.entries, woken.values.map(\.continuation))
    }
    for continuation in woken { continuation.resume(returning: entries) }
  }

  /// Returns the entries as soon as there are enough.
  /// - Throws: `CancellationError`.
  @discardableResult
  package func wait(until isEnough: @escaping @Sendable ([Entry]) -> Bool) async throws -> [Entry] {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let answer: Result<[Entry], any Error>? = state.withLock { state in
          if state.cancelled.remove(number) != nil { return .failure(CancellationError()) }
          if isEnough(state.entries) { return .success(state.entries) }
          state.waiters[number] = Waiter(isEnough: isEnough, continuation: continuation)
          return nil
        }
        if let answer { continuation.resume(with: answer) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        let waiter = state.waiters.removeValue(forKey: number)
        if waiter == nil { state.cancelled.insert(number) }
        return waiter
      }
      waiter?.continuation.resume(throwing: CancellationError())
    }
  }
}

extension Journal<String> {
  /// Returns when an entry that contains a text is there so many times.
  @discardableResult
  package func wait(for text: String, times: Int = 1) async throws -> [String] {
    try await wait { entries in entries.count { $0.contains(text) } >= times }
  }

  /// Whether there is an entry that contains a text.
  package func has(_ text: String) -> Bool { entries.contains { $0.contains(text) } }
}
