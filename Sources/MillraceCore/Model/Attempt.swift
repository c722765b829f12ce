/// What a handler said about its failure.
package struct Failure: Hashable, Sendable, Codable {
  /// A short word for programs.
  package var code: String
  /// A sentence for people.
  package var message: String
  /// Whether another attempt may help.
  package var isRetryable: Bool

  package init(code: String, message: String, isRetryable: Bool) {
    self.code = code
    self.message = message
    self.isRetryable = isRetryable
  }
}

/// What a handler left behind as its result.
package struct JobResult: Hashable, Sendable {
  package var mediaType: String
  package var bytes: [UInt8]

  package init(mediaType: String, bytes: [UInt8]) {
    self.mediaType = mediaType
    self.bytes = bytes
  }
}

/// How an attempt ended.
package struct AttemptEnd: Hashable, Sendable {
  /// The verdict.
  package var outcome: Outcome
  /// When the last of its processes was gone.
  package var ended: Timestamp
  /// How its main process ended; nil if it never ran or nobody knows.
  package var exit: ExitStatus?
  /// What it used.
  package var usage: Usage
  /// Why it failed, in the handler's words or Millrace's; nil if it did not.
  package var failure: Failure?
  /// The result; nil if the handler set none.
  package var result: JobResult?
  /// What the handler saved for the next attempt; nil if nothing. Not read back with the attempt.
  package var checkpoint: [UInt8]?
  /// How it was started; nil if it never was or nobody knows.
  package var tier: StartTier?
  /// Where in a cluster it ran; nil if it ran on this machine.
  package var whereabouts: Whereabouts?
  /// When it began, if that became known only now: what its record says is when it was seen.
  package var began: Timestamp?

  package init(
    outcome: Outcome, ended: Timestamp, exit: ExitStatus? = nil, usage: Usage = Usage(),
    failure: Failure? = nil, result: JobResult? = nil
  ) {
    self.outcome = outcome
    self.ended = ended
    self.exit = exit
    self.usage = usage
    self.failure = failure
    self.result = result
  }
}

/// An attempt on record.
package struct Attempt: Hashable, Sendable {
  package var id: AttemptID
  package var handler: String
  /// The plugin, its version and SHA-256.
  package var plugin: String
  package var pluginVersion: String
  package var pluginSHA256: String
  package var limits: Limits
  package var admission: Admission
  package var place = Place.local
  /// When its job began to wait for this attempt.
  package var queued: Timestamp
  /// When it was admitted and its start was committed.
  package var starting: Timestamp
  /// When its process existed; nil if it never did.
  package var started: Timestamp?
  /// How long it was frozen, spans that are over.
  package var frozenTime = Duration.zero
  /// Since when it is frozen; nil if it is not.
  package var frozenSince: Timestamp?
  /// How it ended; nil while it has not. Its `result` is left out in lists.
  package var end: AttemptEnd?
  /// How it ended after all, once it had been given up as lost; nil if nothing was heard of it.
  package var lateOutcome: Outcome?

  package init(
    id: AttemptID, handler: String, plugin: String, pluginVersion: String, pluginSHA256: String,
    limits: Limits, admission: Admission, queued: Timestamp, starting: Timestamp,
    started: Timestamp? = nil, end: AttemptEnd? = nil
  ) {
    self.id = id
    self.handler = handler
    self.plugin = plugin
    self.pluginVersion = pluginVersion
    self.pluginSHA256 = pluginSHA256
    self.limits = limits
    self.admission = admission
    self.queued = queued
    self.starting = starting
    self.started = started
    self.end = end
  }
}
