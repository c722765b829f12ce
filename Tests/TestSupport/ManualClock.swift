package import MillraceCore
import MillraceEngine
import Synchronization

/// A clock that stands still until a test turns it on.
package final class ManualClock: SteadyClock {
  private struct Sleeper {
    var time: Timestamp
    var continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var now: Timestamp
    var sleepers: [Int: Sleeper] = [:]
    var next = 0
    var cancelled: Set<Int> = []
  }

  private let state: Mutex<State>
  /// The times until which somebody ever slept, in the order in which they went to sleep.
  package let sleeps = Journal<Timestamp>()

  /// Makes a clock that shows `now`.
  package init(_ now: Timestamp = Sample.time(0)) { state = Mutex(State(now: now)) }

  package func now() -> Timestamp { state.withLock { $0.now } }

  /// Turns the clock on and wakes those whose time has come.
  package func advance(by span: Duration) {
    let woken = state.withLock { state in
      state.now = state.now + span
      let due = state.sleepers.filter { $0.value.time <= state.now }
      for number in due.keys { state.sleepers[number] = nil }
      return due.values.sorted { $0.time < $1.time }
    }
    for sleeper in woken { sleeper.continuation.resume() }
  }

  /// Returns when somebody sleeps, or slept, until exactly that time.
  package func sleeper(until time: Timestamp) async throws {
    try await sleeps.wait { $0.contains(time) }
  }

  package func sleep(until time: Timestamp) async throws {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let answer: Result<Void, any Error>? = state.withLock { state in
          if state.cancelled.remove(number) != nil { return .failure(CancellationError()) }
          if time <= state.now { return .success(()) }
          state.sleepers[number] = Sleeper(time: time, continuation: continuation)
          return nil
        }
        sleeps.append(time)
        if let answer { continuation.resume(with: answer) }
      }
    } onCancel: {
      let sleeper = state.withLock { state in
        let sleeper = state.sleepers.removeValue(forKey: number)
        if sleeper == nil { state.cancelled.insert(number) }
        return sleeper
      }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }
}
