/// What the runner, a handler or a group does: a state machine.
package enum Activity: Hashable, Sendable, Codable {
  /// It starts jobs, and none runs.
  case idle
  /// It starts jobs, and some run.
  case running
  /// It takes jobs and starts none; what runs goes on.
  case paused(Pause)
  /// The same, until nothing runs any more; then it is paused.
  case stopping(Pause)

  /// What somebody can ask of it.
  package enum Request: Hashable, Sendable {
    case pause(Pause)
    case resume
    /// Pause, and wait until nothing runs.
    case drain(Pause)
  }

  /// Why something can't be asked of it now, in words that follow its name.
  package struct Illegal: Error, Hashable, Sendable { package var reason: String }

  /// Who has paused it; nil if nobody has.
  package var pause: Pause? {
    switch self {
    case .idle, .running: nil
    case .paused(let pause), .stopping(let pause): pause
    }
  }

  /// Its name alone.
  package var word: String {
    switch self {
    case .idle: "idle"
    case .running: "running"
    case .paused: "paused"
    case .stopping: "stopping"
    }
  }

  /// Returns what it does after a request.
  ///
  /// - Parameters:
  ///   - request: what is asked.
  ///   - isBusy: whether some of its attempts run.
  /// - Returns: what it does then.
  /// - Throws: why it can't be.
  package func after(_ request: Request, isBusy: Bool) throws(Illegal) -> Activity {
    switch (self, request) {
    case (.idle, .pause(let pause)), (.running, .pause(let pause)):
      return .paused(pause)
    case (.idle, .drain(let pause)), (.running, .drain(let pause)):
      return isBusy ? .stopping(pause) : .paused(pause)
    case (.paused(let pause), .drain):
      return isBusy ? .stopping(pause) : self
    case (.stopping, .drain):
      return self  // Two may wait for the same.
    case (.paused, .resume), (.stopping, .resume):
      return isBusy ? .running : .idle
    case (.idle, .resume), (.running, .resume):
      throw Illegal(reason: "is not paused")
    case (.paused(let pause), .pause):
      throw Illegal(reason: "is paused already, by \(pause.by)")
    case (.stopping(let pause), .pause):
      throw Illegal(reason: "is stopping already, by \(pause.by)")
    }
  }

  /// Returns what it does when attempts have begun or ended.
  func after(isBusy: Bool) -> Activity {
    switch self {
    case .idle, .running: isBusy ? .running : .idle
    case .paused: self
    case .stopping(let pause): isBusy ? self : .paused(pause)
    }
  }
}
