package import MillraceCore

extension Engine {
  package func accept(_ requests: [JobRequest]) async throws -> [Acceptance] {
    let submissions = try submissions(of: requests)
    try await checkDependencies(of: submissions)
    return try await withCheckedThrowingContinuation { answer in
      put(.submissions(Batch(submissions: submissions, answer: answer)))
    }
  }

  /// Checks requests; the index of a batch's first one that can't be is in the refusal.
  func submissions(of requests: [JobRequest]) throws -> [Submission] {
    try requests.enumerated().map { index, request in
      do {
        return try submission(of: request)
      } catch var refusal as Refusal {
        if requests.count > 1 { refusal.index = index }
        throw refusal
      }
    }
  }

  func handler(named name: String) throws -> Handler {
    let known = inUse.plugins.flatMap(\.handlers)
    if let handler = known.first(where: { $0.name == name }) { return handler }
    guard hasCatalog else {
      throw Refusal(.starting, "the runner is reading its plugins", hint: "try again in a moment")
    }
    let names = known.map { "`\($0.name)`" }.sorted().joined(separator: ", ")
    throw Refusal(
      .notFound, "there is no handler `\(name)`",
      hint: names.isEmpty ? "put a plugin into the plugin directory" : "there are \(names)")
  }

  package func cancel(_ job: JobID) async throws -> Job {
    try await demandUnfinished(job)
    _ = try await ask([.cancel(job)])
    return try await existing(job)
  }

  package func reprioritise(_ job: JobID, to priority: Priority) async throws -> Job {
    try await demandUnfinished(job)
    // A stop can't wait for the disk; this can.
    if let trouble { throw trouble.refusal }
    put(.event(.reprioritise(job, priority)))
    await wait(for: .commit, until: ports.clock.now() + Self.answerTime)
    let changed = try await existing(job)
    guard changed.submission.priority == priority else {
      throw Refusal(.conflict, "job \(job) ended meanwhile, or the record cannot be written")
    }
    return changed
  }

  /// Throws unless there is such a job and it has not ended.
  func demandUnfinished(_ job: JobID) async throws {
    let record = try await existing(job)
    guard !hasStopped else { throw Self.draining }
    guard !record.state.isFinal else {
      throw Refusal(.conflict, "job \(job) has ended already: \(record.state.rawValue)")
    }
  }

  func existing(_ id: JobID) async throws -> Job {
    guard let job = try await ports.store.job(id) else {
      throw Refusal(.notFound, "there is no job \(id)", hint: "`millrace list --all` shows what there is")
    }
    return job
  }

  package func wait(for job: JobID, atMost time: Duration) async throws -> Job {
    let record = try await existing(job)
    if record.state.isFinal { return record }
    await wait(for: .end(job), until: ports.clock.now() + time)
    return try await existing(job)
  }

  package func standing(of job: JobID) -> Standing? {
    let gates = scheduler.explanation(of: job, at: ports.clock.now())?.gates ?? []
    let attempt = scheduler.attempt(of: job)
    guard attempt != nil || !gates.isEmpty else { return nil }
    return Standing(
      progress: progress[job], gates: gates, usage: attempt.flatMap { samples[$0] },
      whereabouts: attempt.flatMap { abroad[$0] })
  }

  package func usage(of job: JobID) -> (attempt: AttemptID, series: UsageSeries)? {
    scheduler.attempt(of: job).map { ($0, usage[$0] ?? UsageSeries()) }
  }

  package func status() async -> RunnerStatus {
    let hosts = await ports.launcher.hosts()
    let pressure = scheduler.pressureLevel
    var status = RunnerStatus(
      version: identity.version, pid: identity.pid, started: startTime, draining: scheduler.isDraining,
      queued: scheduler.queuedCount, scheduled: scheduler.scheduledCount, running: scheduler.runningCount,
      capacity: scheduler.policy.capacity, used: scheduler.used(at: ports.clock.now()),
      machine: scheduler.machine, pressure: pressure, pressureCause: scheduler.pressureText,
      isHealthy: trouble == nil && !scheduler.isDraining && pressure < .critical,
      recordTrouble: trouble.map { "\($0.message); \($0.hint)" }, notices: notices)
    status.held = scheduler.heldCount
    status.hosts = hosts
    status.stations = stations()
    status.settings = settings().filter(\.isChanged)
    status.cluster = cluster().map(ClusterSummary.init)
    return status
  }

  package func catalog() -> Catalog { inUse }
}
