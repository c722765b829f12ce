import MillraceCore

/// Something that is done in the tick, where nothing else changes what the engine knows.
struct Operation: Sendable {
  /// Does it; the number is of jobs that are accepted in this tick and not yet known to the scheduler.
  var run: @Sendable (isolated Engine, Int) async -> Accepted
  /// Answers whoever waits for it that it is not done.
  var refuse: @Sendable (Refusal) -> Void = { _ in }
}

extension Engine {
  /// Does something in the next tick; returns when that is done, and the jobs that it accepts are known.
  func operate<Value: Sendable>(
    _ body: @escaping @Sendable (isolated Engine, Int) async throws -> (Value, Accepted)
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { (answer: CheckedContinuation<Value, any Error>) in
      put(
        .operation(
          Operation(
            run: { engine, others in
              do {
                var (value, accepted) = try await body(engine, others)
                accepted.answer = { answer.resume(returning: value) }
                return accepted
              } catch {
                answer.resume(throwing: engine.refusal(for: error))
                return Accepted()
              }
            }, refuse: { answer.resume(throwing: $0) })))
    }
  }
}
