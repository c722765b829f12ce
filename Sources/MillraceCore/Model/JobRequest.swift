/// A job as somebody asks for it, before it is checked against its handler.
package struct JobRequest: Sendable, Equatable {
  /// The handler that shall do it.
  package var handler: String
  /// Parameters with their types.
  package var parameters: [String: JSONValue]
  /// Parameters as text, in order; each gets the type that the handler's schema says. A name that comes
  /// again makes a list.
  package var arguments: [Argument]
  /// The input bytes; nil if none are given.
  package var input: [UInt8]?
  package var wishes: Wishes
  package var priority: Priority
  package var jobClass: String?
  package var labels: [String: String]
  /// The earliest start; nil for at once.
  package var notBefore: Timestamp?
  package var traceParent: String?
  /// The jobs that must have ended before it may be queued.
  package var after: [Dependency] = []
  package var onDependencyFailure = Dependency.Failure.cancel
  /// What makes it the same job as another submission; nil for nothing.
  package var key: JobKey?
  /// Whether its key holds until its job has ended; without a key, one is made of what is asked for.
  package var isUnique = false
  /// The group that it shall be in, beside those of its handler; nil for none.
  package var group: String?
  /// Its step in its workflow; nil if it is in none.
  package var step: String?
  /// Whether it shall be held until somebody releases it.
  package var isHeld = false
  /// Jobs with the same one are best started from the same warm host; nil for none.
  package var affinity: String?
  /// Who asks for it, as the API knows them; nil for the runner itself, as for the jobs of schedules.
  package var owner: String?

  /// Makes a request.
  package init(
    handler: String, parameters: [String: JSONValue] = [:], arguments: [Argument] = [],
    input: [UInt8]? = nil, wishes: Wishes = Wishes(), priority: Priority = .default,
    jobClass: String? = nil, labels: [String: String] = [:], notBefore: Timestamp? = nil,
    traceParent: String? = nil
  ) {
    self.handler = handler
    self.parameters = parameters
    self.arguments = arguments
    self.input = input
    self.wishes = wishes
    self.priority = priority
    self.jobClass = jobClass
    self.labels = labels
    self.notBefore = notBefore
    self.traceParent = traceParent
  }

  /// A parameter as text: `width=64`.
  package struct Argument: Sendable, Equatable, Codable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }
}

/// Why a request is not taken.
package struct Refusal: Error, Sendable, Equatable {
  /// What kind of mistake it is; the API's problem type and the command's exit code follow from it.
  package enum Kind: String, Sendable, Codable, CaseIterable {
    /// No such job, attempt or handler.
    case notFound
    /// A parameter, limit or other value that can't be.
    case invalid
    /// It could never run on this machine.
    case neverAdmissible
    /// Input over the bound.
    case tooLarge
    /// The queue is full: try later.
    case queueFull
    /// The runner takes no jobs yet: it is reading its plugins.
    case starting
    /// The runner takes no new jobs: it is shutting down.
    case draining
    /// The disk or the database does not take it.
    case storage
    /// The state of the job does not allow it.
    case conflict
    /// What shall be changed is not what it was when the one who asks looked at it.
    case changed
  }

  package var kind: Kind
  /// Which request of a batch, from 0; nil if it is not about one.
  package var index: Int?
  /// What is wrong, in one sentence.
  package var message: String
  /// What to do about it; nil if there is nothing to say.
  package var hint: String?

  package init(_ kind: Kind, _ message: String, hint: String? = nil, index: Int? = nil) {
    self.kind = kind
    self.index = index
    self.message = message
    self.hint = hint
  }
}
