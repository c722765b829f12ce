/// What is known of an attempt when all of its processes are gone; the core makes the verdict of it.
package struct AttemptReport: Sendable, Equatable {
  /// How the main process ended; nil if nobody knows.
  package var exit: ExitStatus?
  package var usage: Usage
  /// What the handler said; nil if it said nothing, or nothing that can be read.
  package var word: HandlerWord?
  /// Whether a kill came from a limit above the attempt's own, or from the machine.
  package var killedByOthersMemory: Bool

  package init(exit: ExitStatus?, usage: Usage, word: HandlerWord?, killedByOthersMemory: Bool = false) {
    self.exit = exit
    self.usage = usage
    self.word = word
    self.killedByOthersMemory = killedByOthersMemory
  }
}

/// What a handler said at its end.
package enum HandlerWord: Sendable, Equatable {
  case done(JobResult?)
  case failed(Failure)
}

/// The newest progress of a running attempt.
package struct Progress: Sendable, Equatable, Codable {
  /// 0 to 1.
  package var fraction: Double
  package var message: String

  package init(fraction: Double, message: String) {
    self.fraction = fraction
    self.message = message
  }
}
