import MillraceCore
import MillraceEngine
import TestSupport

/// Everything that a launcher has told, and a way to wait for more.
actor EventRecord {
  private(set) var all: [LaunchEvent] = []
  private var waiters: [Waiter] = []
  private var nextWaiter = 0
  private var hasEnded = false

  private struct Waiter {
    var number: Int
    var question: Question
    var answer: CheckedContinuation<LaunchEvent, any Error>
  }

  typealias Question = @Sendable (LaunchEvent) -> Bool

  /// Reads the events to their end.
  func read(_ events: AsyncStream<LaunchEvent>) async {
    for await event in events {
      all.append(event)
      let answered = waiters.filter { $0.question(event) }
      waiters.removeAll { $0.question(event) }
      for waiter in answered { waiter.answer.resume(returning: event) }
    }
    hasEnded = true
    for waiter in waiters { waiter.answer.resume(throwing: TestFailure("the events have ended")) }
    waiters = []
  }

  /// Returns the first event that fits; waits for it, or until the test's time is up.
  func first(where question: @escaping Question) async throws -> LaunchEvent {
    if let event = all.first(where: question) { return event }
    if hasEnded { throw TestFailure("the events have ended") }
    let number = nextWaiter
    nextWaiter += 1
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation {
        waiters.append(Waiter(number: number, question: question, answer: $0))
        if Task.isCancelled { cancel(number) }
      }
    } onCancel: {
      Task { await self.cancel(number) }
    }
  }

  private func cancel(_ number: Int) {
    guard let index = waiters.firstIndex(where: { $0.number == number }) else { return }
    waiters.remove(at: index).answer.resume(throwing: TestFailure("it did not come; there was: \(all)"))
  }

  /// Waits until an attempt's process exists.
  func started(_ id: AttemptID) async throws {
    _ = try await first { if case .started(id) = $0 { true } else { false } }
  }

  /// Waits until an attempt has reported progress.
  @discardableResult
  func progress(_ id: AttemptID) async throws -> Progress {
    let event = try await first { if case .progress(id, _) = $0 { true } else { false } }
    guard case .progress(_, let progress) = event else { throw TestFailure("no progress") }
    return progress
  }

  /// Waits until an attempt has ended.
  func ended(_ id: AttemptID) async throws -> AttemptReport {
    let event = try await first {
      switch $0 {
      case .ended(id, _), .refused(id, _): true
      case .ended, .refused, .started, .progress, .notice, .placed, .late, .cluster: false
      }
    }
    guard case .ended(_, let report) = event else { throw TestFailure("refused: \(event)") }
    return report
  }

  /// Waits until an attempt was refused; returns why.
  func refused(_ id: AttemptID) async throws -> String {
    let event = try await first {
      switch $0 {
      case .ended(id, _), .refused(id, _): true
      case .ended, .refused, .started, .progress, .notice, .placed, .late, .cluster: false
      }
    }
    guard case .refused(_, let reason) = event else { throw TestFailure("not refused: \(event)") }
    return reason
  }

  /// What the operator was told.
  var notices: [String] { all.compactMap { if case .notice(let text) = $0 { text } else { nil } } }

  /// The events of an attempt, by name.
  func names(_ id: AttemptID) -> [String] {
    all.compactMap {
      switch $0 {
      case .started(id): "started"
      case .refused(id, _): "refused"
      case .progress(id, _): "progress"
      case .ended(id, _): "ended"
      case .started, .refused, .progress, .notice, .ended, .placed, .late, .cluster: nil
      }
    }
  }
}
