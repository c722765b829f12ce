/// What one ended attempt tells about the next ones of its kind.
package struct Evidence: Sendable, Equatable {
  package var handler: String
  package var jobClass: String?
  /// The build of the plugin: its SHA-256.
  package var build: String
  /// When it was started; rate limits count it.
  package var started: Timestamp
  /// The most memory it held; nil where the kernel did not tell.
  package var memoryPeak: Bytes?
  /// Processor time in all; nil where the kernel did not tell.
  package var cpu: Duration?
  /// How long it ran, frozen time left out.
  package var duration: Duration
  /// How long after its start its memory was near its peak; nil if it was too short to be sampled.
  package var timeToPeak: Duration?

  package init(
    handler: String, jobClass: String?, build: String, started: Timestamp, memoryPeak: Bytes?,
    cpu: Duration?, duration: Duration, timeToPeak: Duration?
  ) {
    self.handler = handler
    self.jobClass = jobClass
    self.build = build
    self.started = started
    self.memoryPeak = memoryPeak
    self.cpu = cpu
    self.duration = duration
    self.timeToPeak = timeToPeak
  }
}

extension Outcome {
  /// Whether an attempt that ended so tells what its kind needs: it came to its end, or to its limit. One
  /// that failed early would make the next ones look small.
  package var isEvidence: Bool {
    switch self {
    case .succeeded, .oomOwnLimit, .timedOut: true
    case .error, .crashed, .oomPressure, .cancelled, .evicted, .snoozed, .lost: false
    }
  }
}
