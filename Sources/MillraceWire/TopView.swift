package import MillraceCore

/// The runner with what runs and what waits, in one answer: `GET /v1/top`.
package struct TopView: Codable, Sendable, Equatable {
  package var status: StatusView
  /// The attempts that have not ended, by number.
  package var running: [TopRow]
  /// The first jobs of the queue in the order of rank, those on hold last; not those that wait for a time.
  package var queued: [TopRow]

  package init(status: StatusView, running: [TopRow] = [], queued: [TopRow] = []) {
    self.status = status
    self.running = running
    self.queued = queued
  }
}

/// An attempt that has not ended, or a job that waits for a gate.
package struct TopRow: Codable, Sendable, Equatable {
  package var job: JobID
  /// nil for a job that waits.
  package var attempt: Int?
  package var handler: String
  package var state: JobState
  package var priority: Int
  package var jobClass: String?
  package var labels: [String: String]
  /// When it was admitted, or since when it waits.
  package var since: String
  /// nil while it starts or waits.
  package var started: String?
  /// Since when it is frozen; nil if it is not.
  package var frozenSince: String?
  /// Whether it is on hold; nil if it is not.
  package var held: Bool?
  /// Why it is being stopped: `cancelled`, `timedOut`, `deadline`, `thrashing`, `evicted`; nil if it is not.
  package var stopping: String?
  package var progress: ProgressView?
  /// What it uses now; nil while that is not known.
  package var memoryBytes: Int64?
  package var cpuMillis: Int64?
  /// `slurm` if it is in the cluster; nil if it runs here or waits.
  package var place: Place?
  /// The number of the Slurm job that carries it, the node that it is on, and why it has none yet.
  package var clusterJob: String?
  package var node: String?
  package var clusterReason: String?
  /// What it may use.
  package var limits: LimitsView
  /// The first gate that is closed for it; nil if none is.
  package var gate: GateView?

  private enum CodingKeys: String, CodingKey {
    case job, attempt, handler, state, priority, labels, since, started, frozenSince, held, stopping
    case progress, memoryBytes, cpuMillis, limits, gate, place, clusterJob, node, clusterReason
    case jobClass = "class"
  }

  /// Makes the row of an attempt.
  package init(
    _ attempt: Top.Running, labels: [String: String] = [:], progress: Progress? = nil,
    whereabouts: Whereabouts? = nil
  ) {
    job = attempt.id.job
    self.attempt = attempt.id.number
    handler = attempt.handler
    state = attempt.started == nil ? .starting : .running
    priority = attempt.priority.rawValue
    jobClass = attempt.jobClass
    self.labels = labels
    since = Wire.text(of: attempt.admitted)
    started = attempt.started.map(Wire.text(of:))
    frozenSince = attempt.frozenSince.map(Wire.text(of:))
    stopping = attempt.stop?.rawValue
    self.progress = progress.map { ProgressView(fraction: $0.fraction, message: $0.message) }
    memoryBytes = attempt.memory?.rawValue
    cpuMillis = attempt.cpuMillis
    limits = LimitsView(attempt.limits)
    if attempt.place == .slurm { place = .slurm }
    clusterJob = whereabouts?.clusterJob
    node = whereabouts?.node
    clusterReason = whereabouts?.reason
  }

  /// Makes the row of a job that waits.
  package init(_ job: Top.Queued, labels: [String: String] = [:]) {
    self.job = job.id
    handler = job.handler
    state = .queued
    priority = job.priority.rawValue
    jobClass = job.jobClass
    self.labels = labels
    since = Wire.text(of: job.since)
    held = job.isHeld ? true : nil
    limits = LimitsView(job.limits)
    gate = job.gate.map(GateView.init)
  }
}
