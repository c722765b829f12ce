import Synchronization

/// What has come in and is not taken in yet. Anybody may put something in, on any thread, without waiting for
/// the engine: an event costs no change of threads.
final class Inbox: Sendable {
  /// What became of something that was put in.
  enum Placing {
    /// It is the first: whoever takes in must be told.
    case first
    /// It waits behind others, of which it was told.
    case behind
    /// Nothing is taken in any more.
    case refused
  }

  private struct State {
    var inputs: [Engine.Input] = []
    var isClosed = false
  }

  private let state = Mutex(State())

  /// How much waits to be taken in.
  var count: Int { state.withLock { $0.inputs.count } }

  /// Puts something in behind all that waits.
  func put(_ input: Engine.Input) -> Placing {
    state.withLock { state in
      if state.isClosed { return .refused }
      state.inputs.append(input)
      return state.inputs.count == 1 ? .first : .behind
    }
  }

  /// Puts inputs in before all that waits.
  func putFirst(_ inputs: [Engine.Input]) { state.withLock { $0.inputs = inputs + $0.inputs } }

  /// Takes out all that waits, in order.
  func take() -> [Engine.Input] {
    state.withLock { state in
      defer { state.inputs = [] }
      return state.inputs
    }
  }

  /// Lets nothing in any more, and returns what waits.
  func close() -> [Engine.Input] {
    state.withLock { state in
      defer { state = State(isClosed: true) }
      return state.inputs
    }
  }
}
