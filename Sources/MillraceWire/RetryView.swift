package import MillraceCore

/// What holds for a job's later attempts and for its time in all.
package struct CourseView: Codable, Sendable, Equatable {
  /// The wait before the second attempt.
  package var retryDelaySeconds: Double
  /// How many times as long as the one before each wait is.
  package var retryFactor: Double
  package var retryMaxDelaySeconds: Double?
  /// The part of a wait that is drawn by lot, 0 to 1.
  package var retryJitter: Double
  /// After which ends there is another attempt: `error`, `crashed`, `timedOut`, `oomOwnLimit`.
  package var retryOn: [String]
  /// The most memory that a later attempt gets.
  package var memoryMaxBytes: Int64?
  /// How many times as long the attempt after one that timed out may run.
  package var timeoutFactor: Double
  /// By when it must have been started, after its submission; nil for no bound.
  package var startWithinSeconds: Double?
  /// By when it must have ended.
  package var finishWithinSeconds: Double?
  /// What the next attempt may use, where the ones before it taught more than the limits say.
  package var nextMemoryBytes: Int64?
  package var nextTimeoutSeconds: Double?

  /// Makes the view of a job's course.
  package init(_ job: Job) {
    let terms = job.submission.terms
    let rule = terms.retry
    retryDelaySeconds = terms.retryDelay.seconds
    retryFactor = rule.factor
    retryMaxDelaySeconds = rule.maxDelay?.seconds
    retryJitter = rule.jitter
    retryOn = RetryCauses.names.filter { rule.causes.contains($0.cause) }.map(\.name)
    memoryMaxBytes = rule.memoryMax?.rawValue
    timeoutFactor = rule.timeoutFactor
    startWithinSeconds = terms.startWithin?.seconds
    finishWithinSeconds = terms.finishWithin?.seconds
    nextMemoryBytes = job.carryover.memory?.rawValue
    nextTimeoutSeconds = job.carryover.timeout?.seconds
  }
}

/// The body of `POST /v1/jobs/{id}/retry` and of `POST /v1/dead/retry`: what is left out stays as it was.
package struct RetryBody: Codable, Sendable, Equatable {
  /// Only in `POST /v1/dead/retry`: the jobs, all of them or none.
  package var ids: [JobID]?
  package var memoryBytes: Int64?
  /// How much more memory than its last attempt had, in percent.
  package var moreMemoryPercent: Int?
  package var cpuMillis: Int64?
  package var pids: Int64?
  package var timeoutSeconds: Double?
  package var maxAttempts: Int?

  package init() {}

  /// Returns the wishes.
  /// - Throws: `Refusal` (`invalid`) for a value that can't be.
  package func wishes() throws -> Wishes {
    if let percent = moreMemoryPercent, memoryBytes != nil || !(1...1000).contains(percent) {
      throw Refusal(
        .invalid, "`more_memory_percent` must be 1 to 1000 and without `memory_bytes`, not \(percent)")
    }
    return Wishes(
      memory: try memoryBytes.map { Bytes(try SubmitRequest.positive($0, "memory_bytes")) },
      cpuMillis: try cpuMillis.map { try SubmitRequest.positive($0, "cpu_millis") },
      pids: try pids.map { try SubmitRequest.positive($0, "pids") },
      timeout: try timeoutSeconds.map { try SubmitRequest.span($0, "timeout_seconds") },
      maxAttempts: try maxAttempts.map { Int(try SubmitRequest.positive(Int64($0), "max_attempts")) })
  }
}

/// A page of jobs that failed, the newest first: `GET /v1/dead`.
package struct DeadPage: Codable, Sendable, Equatable {
  package var jobs: [DeadView]
  /// Give it as `before` for the next page; nil on the last one.
  package var next: JobID?

  package init(jobs: [DeadView], next: JobID?) {
    self.jobs = jobs
    self.next = next
  }
}

/// A job that failed, with its last attempt.
package struct DeadView: Codable, Sendable, Equatable {
  package var job: JobView
  /// Nil if it was never started.
  package var last: AttemptView?

  package init(job: JobView, last: AttemptView?) {
    self.job = job
    self.last = last
  }
}

/// The breaker of a handler.
package struct BreakerView: Codable, Sendable, Equatable {
  package var phase: BreakerStanding.Phase
  package var failures: Int
  package var opensAt: String?
  package var build: String

  /// Makes the view of a breaker.
  package init(_ standing: BreakerStanding) {
    phase = standing.phase
    failures = standing.failures
    opensAt = standing.opensAt.map(Wire.text(of:))
    build = standing.build
  }
}
