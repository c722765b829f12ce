/// How soon a job should run: 1 to 10, higher is sooner.
package struct Priority: RawRepresentable, Hashable, Comparable, Sendable, Codable {
  /// 1 to 10.
  package let rawValue: Int

  /// Makes a priority; nil outside 1 to 10.
  package init?(rawValue: Int) {
    guard (1...10).contains(rawValue) else { return nil }
    self.rawValue = rawValue
  }

  private init(unchecked rawValue: Int) { self.rawValue = rawValue }

  /// The middle: 5.
  package static let `default` = Priority(unchecked: 5)

  package static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
}

/// A job as somebody asked for it, checked and complete: what is accepted.
package struct Submission: Sendable, Equatable {
  /// The handler that does it.
  package var handler: String
  /// The parameters, an object that fits the handler's schema, defaults filled in.
  package var parameters: JSONValue
  /// The input bytes; nil if none were given.
  package var input: [UInt8]?
  /// What the submitter asked for.
  package var wishes: Wishes
  /// What holds for its attempts: wishes, handler and defaults settled.
  package var terms: Terms
  package var priority: Priority
  /// The submitter's own division of a handler's jobs, for learning; nil if none.
  package var jobClass: String?
  /// The submitter's words to find it by.
  package var labels: [String: String]
  /// The earliest start; nil for at once.
  package var notBefore: Timestamp?
  /// The W3C trace context of the submitter; nil if none.
  package var traceParent: String?
  /// The jobs that must have ended before it may be queued.
  package var after: [Dependency] = []
  /// What becomes of it if one of these can't be met any more.
  package var onDependencyFailure = Dependency.Failure.cancel
  /// What makes it the same job as another submission; nil for nothing.
  package var key: JobKey?
  /// The group that it is in, beside those of its handler; nil for none.
  package var group: String?
  /// Its step in its workflow; nil if it is in none.
  package var step: String?
  /// Whether it shall be held until somebody releases it.
  package var isHeld = false
  /// Jobs with the same one are best started from the same warm host; nil for none.
  package var affinity: String?
  /// Who submitted it, as the API knows them; nil for the runner itself, as for the jobs of schedules.
  package var owner: String?
  /// The names of the parameters that nobody shall see but the job itself, in order.
  package var secrets: [String] = []

  /// Makes a submission.
  package init(
    handler: String, parameters: JSONValue = .object([:]), input: [UInt8]? = nil, wishes: Wishes = Wishes(),
    terms: Terms, priority: Priority = .default, jobClass: String? = nil, labels: [String: String] = [:],
    notBefore: Timestamp? = nil, traceParent: String? = nil
  ) {
    self.handler = handler
    self.parameters = parameters
    self.input = input
    self.wishes = wishes
    self.terms = terms
    self.priority = priority
    self.jobClass = jobClass
    self.labels = labels
    self.notBefore = notBefore
    self.traceParent = traceParent
  }

  /// How its job begins if it waits for no other.
  package func firstState(at now: Timestamp) -> JobState {
    notBefore.map { $0 > now } ?? false ? .scheduled : .queued
  }
}

/// A job on record: what was asked for and how far it is.
package struct Job: Sendable, Equatable {
  package var id: JobID
  /// What was asked for; its `input` is nil here (see `inputLength`): it is read when an attempt starts.
  package var submission: Submission
  /// The size of the input; nil if none was given.
  package var inputLength: Bytes?
  package var submitted: Timestamp
  package var state: JobState
  /// The earliest next start, while `scheduled`.
  package var notBefore: Timestamp?
  /// When it ended for good.
  package var ended: Timestamp?
  /// How many attempts were started.
  package var attempts: Int
  /// How many of them count against `maxAttempts`.
  package var attemptsUsed: Int
  /// Whether it is held: it starts when somebody has released it.
  package var isHeld = false
  /// When its cancellation was asked for, while it has not ended; nil if it was not.
  package var cancelRequested: Timestamp?
  /// Why it ended, where no attempt tells.
  package var reason: EndReason?
  /// What its attempts leave to the next one.
  package var carryover = Carryover()
  /// The number of its workflow; nil if it is in none.
  package var workflow: Int64?

  /// Makes a job on record.
  package init(
    id: JobID, submission: Submission, inputLength: Bytes? = nil, submitted: Timestamp, state: JobState,
    notBefore: Timestamp? = nil, ended: Timestamp? = nil, attempts: Int = 0, attemptsUsed: Int = 0
  ) {
    self.id = id
    self.submission = submission
    self.inputLength = inputLength
    self.submitted = submitted
    self.state = state
    self.notBefore = notBefore
    self.ended = ended
    self.attempts = attempts
    self.attemptsUsed = attemptsUsed
  }
}
