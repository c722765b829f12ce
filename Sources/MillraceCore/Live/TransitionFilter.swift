/// Which transitions somebody wants to know of.
package struct TransitionFilter: Hashable, Sendable {
  /// Nil for all.
  package var type: NamePattern?
  package var job: JobID?
  package var handler: String?

  package init(type: NamePattern? = nil, job: JobID? = nil, handler: String? = nil) {
    self.type = type
    self.job = job
    self.handler = handler
  }

  package func matches(_ transition: Transition) -> Bool {
    matches(transition.kind.rawValue, job: transition.job, handler: transition.handler)
  }

  package func matches(_ progress: AttemptProgress) -> Bool {
    matches(AttemptProgress.type, job: progress.attempt.job, handler: progress.handler)
  }

  private func matches(_ name: String, job: JobID?, handler: String?) -> Bool {
    (self.job == nil || self.job == job) && (self.handler == nil || self.handler == handler)
      && type?.matches(name) ?? true
  }
}

/// How far a running attempt is.
package struct AttemptProgress: Hashable, Sendable {
  package var attempt: AttemptID
  package var handler: String
  /// When it said so, by the engine's clock.
  package var time: Timestamp
  package var fraction: Double
  package var message: String

  package init(attempt: AttemptID, handler: String, time: Timestamp, fraction: Double, message: String) {
    self.attempt = attempt
    self.handler = handler
    self.time = time
    self.fraction = fraction
    self.message = message
  }

  /// Its name among those of transitions.
  package static let type = "attempt.progress"
}
