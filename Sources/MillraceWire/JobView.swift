package import MillraceCore

/// A job as the API shows it.
package struct JobView: Codable, Sendable, Equatable {
  package var id: JobID
  package var handler: String
  package var state: JobState
  package var priority: Int
  package var jobClass: String?
  package var labels: [String: String]
  /// With `<secret>` in the place of secrets.
  package var parameters: JSONValue
  package var inputBytes: Int64?
  package var submitted: String
  package var notBefore: String?
  package var ended: String?
  package var attempts: Int
  package var attemptsUsed: Int
  package var maxAttempts: Int
  package var limits: LimitsView
  package var timeoutSeconds: Double
  /// Why it ended, where no attempt tells.
  package var reason: EndReason?
  /// The group that it chose.
  package var group: String?
  /// What makes it the same job as another submission.
  package var key: String?
  /// Whether it is held; nil if it is not.
  package var held: Bool?
  /// When its cancellation was asked for, while it has not ended.
  package var cancelRequested: String?
  /// Whether a submission got this job because it has its key; nil if not.
  package var existing: Bool?
  /// What it depends on; nil if on nothing.
  package var after: [DependencyView]?
  /// `hold` if it is held when a dependency can't be met any more; nil if it is cancelled then.
  package var onDependencyFailure: Dependency.Failure?
  /// The number of its workflow, and its step there; nil if it is in none.
  package var workflow: Int64?
  package var step: String?
  /// Its affinity key.
  package var affinity: String?
  /// Who submitted it; nil for the runner itself.
  package var owner: String?
  /// Where its attempts may run: `slurm` or `auto`; nil for this machine.
  package var place: Placement?

  private enum CodingKeys: String, CodingKey {
    case id, handler, state, priority, labels, parameters, inputBytes, submitted, notBefore, ended
    case attempts, attemptsUsed, maxAttempts, limits, timeoutSeconds, reason
    case group, key, held, cancelRequested, existing
    case after, onDependencyFailure, workflow, step, affinity, owner, place
    case jobClass = "class"
  }

  /// Makes the view of a job on record.
  package init(_ job: Job) {
    id = job.id
    handler = job.submission.handler
    state = job.state
    priority = job.submission.priority.rawValue
    jobClass = job.submission.jobClass
    labels = job.submission.labels
    parameters = job.submission.shownParameters
    inputBytes = job.inputLength?.rawValue
    submitted = Wire.text(of: job.submitted)
    notBefore = job.notBefore.map(Wire.text(of:))
    ended = job.ended.map(Wire.text(of:))
    attempts = job.attempts
    attemptsUsed = job.attemptsUsed
    maxAttempts = job.submission.terms.maxAttempts
    limits = LimitsView(job.submission.terms.limits)
    timeoutSeconds = job.submission.terms.timeout.seconds
    reason = job.reason
    group = job.submission.group
    key = job.submission.key?.text
    held = job.isHeld && !job.state.isFinal ? true : nil
    cancelRequested = job.state.isFinal ? nil : job.cancelRequested.map(Wire.text(of:))
    let asked = job.submission
    if !asked.after.isEmpty { after = asked.after.map(DependencyView.init) }
    if asked.onDependencyFailure == .hold { onDependencyFailure = .hold }
    workflow = job.workflow
    step = asked.step
    (affinity, owner) = (asked.affinity, asked.owner)
    place = asked.terms.place == .local ? nil : asked.terms.place
  }
}

/// What an attempt may use.
package struct LimitsView: Codable, Sendable, Equatable {
  package var memoryBytes: Int64
  package var cpuMillis: Int64
  package var pids: Int64
  package var io: [IOLimit]

  /// Makes the view of limits.
  package init(_ limits: Limits) {
    memoryBytes = limits.memory.rawValue
    cpuMillis = limits.cpuMillis
    pids = limits.pids
    io = limits.io
  }
}

/// A page of jobs, the newest first.
package struct JobPage: Codable, Sendable, Equatable {
  package var jobs: [JobView]
  /// Give it as `before` for the next page; nil on the last one.
  package var next: JobID?

  package init(jobs: [JobView], next: JobID?) {
    self.jobs = jobs
    self.next = next
  }
}

/// All that is known of one job.
package struct JobDetail: Codable, Sendable, Equatable {
  package var job: JobView
  package var attempts: [AttemptView]
  package var progress: ProgressView?
  /// The gates that a queued job is behind.
  package var gates: [GateView]
  /// What the running attempt uses now; nil if none runs or the kernel does not tell.
  package var workingSetBytes: Int64?
  package var cpuSeconds: Double?
  /// What holds for its later attempts and for its time in all.
  package var course: CourseView?
  /// Where in the cluster its attempt is that has not ended; nil if it has none there.
  package var cluster: WhereaboutsView?

  package init(
    job: JobView, attempts: [AttemptView], progress: ProgressView? = nil, gates: [GateView] = [],
    workingSetBytes: Int64? = nil, cpuSeconds: Double? = nil, course: CourseView? = nil
  ) {
    self.job = job
    self.course = course
    self.attempts = attempts
    self.progress = progress
    self.gates = gates
    self.workingSetBytes = workingSetBytes
    self.cpuSeconds = cpuSeconds
  }
}

/// Where an attempt is on its way through the cluster.
package struct WhereaboutsView: Codable, Sendable, Equatable {
  /// The number of the Slurm job that carries it; nil while there is none.
  package var clusterJob: String?
  package var node: String?
  /// Why it has no node yet, in Slurm's words.
  package var reason: String?

  package init(_ whereabouts: Whereabouts) {
    clusterJob = whereabouts.clusterJob
    node = whereabouts.node
    reason = whereabouts.reason
  }
}

/// How far a running attempt is.
package struct ProgressView: Codable, Sendable, Equatable {
  /// 0 to 1.
  package var fraction: Double
  package var message: String

  package init(fraction: Double, message: String) {
    self.fraction = fraction
    self.message = message
  }
}
