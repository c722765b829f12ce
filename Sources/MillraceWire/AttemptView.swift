package import MillraceCore

/// An attempt as the API shows it; a row of the history has the four last members too.
package struct AttemptView: Codable, Sendable, Equatable {
  /// `42.1`.
  package var id: String
  package var job: JobID
  package var attempt: Int
  package var handler: String
  package var plugin: String
  package var pluginVersion: String
  package var pluginSha256: String
  package var queued: String
  package var starting: String
  package var started: String?
  package var ended: String?
  /// From queued to its start, or to its end if it never started; nil while it starts.
  package var waitSeconds: Double?
  /// From its start to its end; nil if it did not start or has not ended.
  package var runSeconds: Double?
  /// How long it was frozen, spans that are over; nil if it never was.
  package var frozenSeconds: Double?
  /// Since when it is frozen; nil if it is not.
  package var frozenSince: String?
  /// nil while it runs.
  package var outcome: Outcome?
  /// How it was started: `warm`, `template` or `cold`; nil while it runs or if nobody knows.
  package var tier: StartTier?
  /// `slurm` if it runs or ran in the cluster; nil if here.
  package var place: Place?
  /// The node that it ran on there, and the number of the Slurm job that carried it; nil while it runs.
  package var node: String?
  package var clusterJob: String?
  /// How it ended after it had been given up as lost; its job did not count that.
  package var lateOutcome: Outcome?
  package var exitCode: Int32?
  package var signal: Int32?
  package var failure: Failure?
  package var usage: UsageView
  package var limits: LimitsView
  package var admission: AdmissionView
  package var state: JobState?
  package var priority: Int?
  package var jobClass: String?
  package var labels: [String: String]?

  private enum CodingKeys: String, CodingKey {
    case id, job, attempt, handler, plugin, pluginVersion, pluginSha256, queued, starting, started, ended
    case waitSeconds, runSeconds, frozenSeconds, frozenSince, outcome, tier, exitCode, signal, failure, usage
    case place, node, clusterJob, lateOutcome
    case limits, admission
    case state, priority, labels
    case jobClass = "class"
  }

  /// Makes the view of an attempt on record.
  package init(_ attempt: Attempt) {
    id = attempt.id.description
    job = attempt.id.job
    self.attempt = attempt.id.number
    handler = attempt.handler
    plugin = attempt.plugin
    pluginVersion = attempt.pluginVersion
    pluginSha256 = attempt.pluginSHA256
    queued = Wire.text(of: attempt.queued)
    starting = Wire.text(of: attempt.starting)
    started = attempt.started.map(Wire.text(of:))
    let end = attempt.end
    ended = (end?.ended).map(Wire.text(of:))
    waitSeconds = (attempt.started ?? end?.ended).map { ($0 - attempt.queued).seconds }
    runSeconds = attempt.duration?.seconds
    if attempt.frozenTime > .zero { frozenSeconds = attempt.frozenTime.seconds }
    frozenSince = attempt.frozenSince.map(Wire.text(of:))
    outcome = end?.outcome
    tier = end?.tier
    if attempt.place == .slurm { place = .slurm }
    (node, clusterJob) = (end?.whereabouts?.node, end?.whereabouts?.clusterJob)
    lateOutcome = attempt.lateOutcome
    switch end?.exit {
    case .exited(let code): exitCode = code
    case .signalled(let signal): self.signal = signal
    case nil: break
    }
    failure = end?.failure
    usage = UsageView(end?.usage ?? Usage())
    limits = LimitsView(attempt.limits)
    admission = AdmissionView(attempt.admission)
  }

  /// Makes the view of a row of the history.
  package init(_ row: HistoryRow) {
    self.init(row.attempt)
    state = row.jobState
    priority = row.priority.rawValue
    jobClass = row.jobClass
    labels = row.labels
  }
}

/// What an attempt used; nil where the kernel does not tell.
package struct UsageView: Codable, Sendable, Equatable {
  package var memoryPeakBytes: Int64?
  package var cpuUserSeconds: Double?
  package var cpuSystemSeconds: Double?
  package var throttledSeconds: Double?
  package var ioReadBytes: Int64?
  package var ioWrittenBytes: Int64?
  package var pidsPeak: Int64?
  package var oomKills: Int64?
  package var forksRefused: Int64?
  /// How long after the start memory was near its peak.
  package var secondsToPeak: Double?

  /// Makes the view of a measurement.
  package init(_ usage: Usage) {
    memoryPeakBytes = usage.memoryPeak?.rawValue
    cpuUserSeconds = usage.cpuUser?.seconds
    cpuSystemSeconds = usage.cpuSystem?.seconds
    throttledSeconds = usage.throttled?.seconds
    ioReadBytes = usage.ioRead?.rawValue
    ioWrittenBytes = usage.ioWritten?.rawValue
    pidsPeak = usage.pidsPeak
    oomKills = usage.oomKills
    forksRefused = usage.forksRefused
    secondsToPeak = usage.timeToPeak?.seconds
  }
}

/// What admission knew when it let the attempt start: the stored half of `why`.
package struct AdmissionView: Codable, Sendable, Equatable {
  /// What the attempt was expected to need.
  package var demand: ResourcesView
  /// What the running attempts took.
  package var used: ResourcesView
  /// What there was in all.
  package var capacity: ResourcesView
  /// On what the expected memory rests.
  package var basis: BasisView
  /// Jobs that waited.
  package var queued: Int
  /// `none`, `warning` or `critical`.
  package var pressure: String
  /// Whether it started before jobs that rank before it, without delaying the first of them.
  package var backfill: Bool
  /// The gate that last held its job back while it was the first in rank; nil if none did.
  package var heldBy: GateView?

  /// Makes the view of admission numbers.
  package init(_ admission: Admission) {
    demand = ResourcesView(admission.demand)
    used = ResourcesView(admission.used)
    capacity = ResourcesView(admission.capacity)
    basis = BasisView(admission.basis)
    queued = admission.queued
    pressure = admission.pressure.word
    backfill = admission.isBackfill
    heldBy = admission.heldBy.map(GateView.init)
  }
}

/// A page of the history.
package struct HistoryPage: Codable, Sendable, Equatable {
  package var attempts: [AttemptView]
  /// Give it as `after` for the next page; nil on the last one.
  package var next: String?

  package init(attempts: [AttemptView], next: String?) {
    self.attempts = attempts
    self.next = next
  }
}

/// The history of one handler in figures, or of one build of it.
package struct SummaryView: Codable, Sendable, Equatable {
  package var handler: String
  /// The build, its version, when its first attempt was admitted, and what it takes more of than the build
  /// before it; nil for all builds.
  package var buildSha256: String?
  package var version: String?
  package var first: String?
  package var regressions: [RegressionView]?
  package var attempts: Int
  package var succeeded: Int
  package var outcomes: [String: Int]
  package var memoryP95Bytes: Int64?
  package var memoryMaxBytes: Int64?
  package var runP50Seconds: Double?
  package var runP95Seconds: Double?
  package var waitP50Seconds: Double?
  package var cpuTotalSeconds: Double

  /// Makes the view of a handler's figures.
  package init(_ summary: HandlerSummary) {
    handler = summary.handler
    buildSha256 = summary.build?.sha256
    version = summary.build?.version
    first = summary.build.map { Wire.text(of: $0.first) }
    regressions = summary.build.map { $0.regressions.map(RegressionView.init) }
    attempts = summary.attempts
    succeeded = summary.succeeded
    outcomes = Dictionary(uniqueKeysWithValues: summary.outcomes.map { ($0.key.rawValue, $0.value) })
    memoryP95Bytes = summary.memoryP95?.rawValue
    memoryMaxBytes = summary.memoryMax?.rawValue
    runP50Seconds = summary.durationP50?.seconds
    runP95Seconds = summary.durationP95?.seconds
    waitP50Seconds = summary.waitP50?.seconds
    cpuTotalSeconds = summary.cpuTotal.seconds
  }
}
