import ArgumentParser
import MillraceCore
import MillraceSimulator
import MillraceWire

/// What ran on this machine, once more.
struct HistoryOptions: ParsableArguments {
  @Option(help: "Replay what was admitted since: 7d, 2026-08-01.", transform: Moment.past)
  var since: Timestamp?

  @OptionGroup var record: RecordOptions

  /// The most attempts that are replayed.
  private static let mostAttempts = 1_000_000

  /// Replays what has ended since then under each policy; the machine is the runner's unless it is said.
  func replay(_ options: PolicyOptions) async throws -> [SimulationResult] {
    var filter = HistoryFilter()
    filter.since = since
    let (attempts, timeouts) = try await record.read { [filter] source in
      let attempts = try await source.history(matching: filter, atMost: Self.mostAttempts).attempts
      return (attempts, try await Self.timeouts(of: attempts, source))
    }
    let jobs = KnownJob.inOrder(attempts.reversed().compactMap { job($0, timeouts) })
    guard let newest = attempts.first, !jobs.isEmpty else {
      throw CommandError(.notFound, "nothing has ended since then", hint: "`millrace history` lists attempts")
    }
    return try options.entries.map { entry in
      let policy = try PolicyOptions.policy(entry, over: machine(of: newest.admission))
      var replay = Replay(jobs, policy: policy, memory: MemoryModel(size: policy.capacity.memory))
      try replay.run()
      return SimulationResult(entry.name, replay.figures)
    }
  }

  /// The machine as the runner saw it when it last started something.
  private func machine(of admission: AdmissionView) -> Policy {
    let capacity = admission.capacity
    var policy = Policy(
      slots: capacity.slots, memory: Bytes(capacity.memoryBytes), cpuMillis: capacity.cpuMillis,
      maxQueued: .max)
    policy.capacity.committed = Bytes(capacity.committedBytes)
    return policy
  }

  /// The time limits of the jobs, for reservations count with them.
  private static func timeouts(
    of attempts: [AttemptView], _ source: any JobSource
  ) async throws -> [JobID: Double] {
    guard let oldest = attempts.map(\.job).min(), let newest = attempts.map(\.job).max() else { return [:] }
    var filter = JobFilter()
    filter.before = JobID(newest.rawValue + 1)
    let count = Int(min(newest.rawValue - oldest.rawValue + 1, Int64(mostAttempts)))
    let jobs = try await source.jobs(matching: filter, atMost: count).jobs
    return Dictionary(jobs.map { ($0.id, $0.timeoutSeconds) }) { $1 }
  }

  /// An attempt as a job; nil if it has not ended by itself, for its job began again.
  private func job(_ attempt: AttemptView, _ timeouts: [JobID: Double]) -> KnownJob? {
    guard let outcome = attempt.outcome, ![.evicted, .lost, .oomPressure].contains(outcome),
      let seconds = attempt.runSeconds, let queued = Wire.time(from: attempt.queued)
    else { return nil }
    let run = max(0.000_001, seconds - (attempt.frozenSeconds ?? 0))
    let timeout = max(timeouts[attempt.job] ?? 3600, run)
    let limits = attempt.limits
    let terms = Terms(
      limits: Limits(
        memory: Bytes(limits.memoryBytes), cpuMillis: limits.cpuMillis, pids: limits.pids, io: limits.io),
      timeout: .microseconds(Int64((timeout * 1e6).rounded(.up))), grace: .zero, maxAttempts: 1,
      retryDelay: .zero)
    let submission = Submission(
      handler: attempt.handler, terms: terms,
      priority: attempt.priority.flatMap(Priority.init) ?? .default, jobClass: attempt.jobClass,
      labels: attempt.labels ?? [:])
    let peak = attempt.usage.memoryPeakBytes.map { Bytes(min($0, limits.memoryBytes)) }
    return KnownJob(
      number: attempt.job.rawValue, submission: submission, submitted: queued,
      run: .microseconds(Int64((run * 1e6).rounded())), peak: peak,
      cpuMillis: attempt.usage.cpuSeconds.map { max(1, Int64($0 / run * 1000)) })
  }
}
