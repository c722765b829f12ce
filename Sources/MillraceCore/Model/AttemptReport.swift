/// What is known of an attempt when all of its processes are gone; the core makes the verdict of it.
package struct AttemptReport: Sendable, Equatable {
  /// How the main process ended; nil if nobody knows.
  package var exit: ExitStatus?
  /// When the main process ended; nil if that was not seen.
  package var ended: Timestamp?
  package var usage: Usage
  /// What the handler said; nil if it said nothing, or nothing that can be read.
  package var word: HandlerWord?
  /// Whose memory was full, if the kernel killed in it (`usage.oomKills`); nil stands for its own.
  package var memoryKill: MemoryKill?
  /// What the handler saved for the next attempt; nil if nothing.
  package var checkpoint: [UInt8]?
  /// How it was started; nil if nobody knows.
  package var tier: StartTier?
  /// Where in a cluster it ran; nil if it ran on this machine.
  package var whereabouts: Whereabouts?
  /// How long it ran by its node's own clock; nil if it ran on this machine or nobody knows.
  package var ran: Duration?
  /// What the cluster says ended it; nil if it says nothing.
  package var interruption: Interruption?

  package init(exit: ExitStatus?, usage: Usage, word: HandlerWord?, memoryKill: MemoryKill? = nil) {
    self.exit = exit
    self.usage = usage
    self.word = word
    self.memoryKill = memoryKill
  }
}

/// What a handler said at its end.
package enum HandlerWord: Sendable, Equatable {
  case done(JobResult?)
  case failed(Failure)
  /// It wants to be run again after that time; why, if it said so.
  case snoozed(after: Duration, reason: String?)
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
