import TestSupport

@testable import MillraceCore

/// The jobs of a simulation, with the rules of the store: a step from any other state is an error.
struct Record {
  /// An attempt that has not ended.
  struct Open {
    var id: AttemptID
    var job: Job
    var started: Timestamp
    var isRunning = false
    var terminated: Timestamp?
    var isKilled = false
    /// A former runner's request to stop it is not known to this one.
    var isAdopted = false
  }

  private var jobs: [JobID: Job] = [:]
  private var open: Set<JobID> = []
  private(set) var running: [JobID: Open] = [:]
  private(set) var everStarted: Set<AttemptID> = []
  private(set) var outcomes: [Outcome: Int] = [:]

  var all: [Job] { jobs.values.sorted { $0.id < $1.id } }
  var unfinished: [Job] { open.sorted().map(job) }

  func job(_ id: JobID) -> Job {
    guard let job = jobs[id] else { preconditionFailure("job \(id) is not on record") }
    return job
  }

  mutating func accept(_ job: Job) {
    jobs[job.id] = job
    open.insert(job.id)
  }

  mutating func adopt(_ id: AttemptID) {
    running[id.job]?.isAdopted = true
    running[id.job]?.terminated = nil
    running[id.job]?.isKilled = false
  }

  mutating func lose(_ id: AttemptID, at now: Timestamp) throws {
    try finish(id, AttemptEnd(outcome: .lost, ended: now), .requeue)
  }

  mutating func perform(_ action: Action, at now: Timestamp) throws {
    switch action {
    case .start(let id, _, _, _, _, _): try start(id, at: now)
    case .markRunning(let id):
      try demand(running[id.job]?.id == id && running[id.job]?.isRunning == false, "\(id) exists twice")
      running[id.job]?.isRunning = true
      running[id.job]?.started = now
      jobs[id.job]?.state = .running
    case .terminate(let id):
      try demand(running[id.job]?.isRunning == true, "\(id) is terminated and does not run")
      try demand(running[id.job]?.terminated == nil, "\(id) is terminated twice")
      running[id.job]?.terminated = now
    case .kill(let id): try kill(id, at: now)
    case .finish(let id, let end, let next): try finish(id, end, next)
    case .cancelled(let job):
      try demand(
        [.queued, .scheduled].contains(self.job(job).state), "\(job) is cancelled and does not wait")
      jobs[job]?.state = .cancelled
      open.remove(job)
    case .due(let job):
      try demand(self.job(job).state == .scheduled, "\(job) is due and not scheduled")
      try demand(self.job(job).notBefore.map { $0 <= now } ?? false, "\(job) is due too early")
      jobs[job]?.state = .queued
      jobs[job]?.notBefore = nil
    }
  }

  private mutating func start(_ id: AttemptID, at now: Timestamp) throws {
    let job = job(id.job)
    try demand(everStarted.insert(id).inserted, "\(id) is started twice")
    try demand(job.state == .queued && running[id.job] == nil, "\(id) is started and not queued")
    try demand(id.number == job.attempts + 1, "\(id) is started after attempt \(job.attempts)")
    try demand(job.attemptsUsed < job.submission.terms.maxAttempts, "\(id) is one attempt too many")
    jobs[id.job]?.state = .starting
    jobs[id.job]?.attempts += 1
    running[id.job] = Open(id: id, job: job, started: now)
  }

  private mutating func kill(_ id: AttemptID, at now: Timestamp) throws {
    guard let open = running[id.job], open.id == id else { throw TestFailure("\(id) is killed and is gone") }
    try demand(!open.isKilled, "\(id) is killed twice")
    // Without a word before only if it is stuck at its memory limit.
    if let asked = open.terminated {
      try demand(now >= asked + open.job.submission.terms.grace, "\(id) is killed before its grace is over")
    }
    running[id.job]?.isKilled = true
  }

  private mutating func finish(_ id: AttemptID, _ end: AttemptEnd, _ next: AfterAttempt) throws {
    try demand(running.removeValue(forKey: id.job)?.id == id, "\(id) ends and does not run")
    outcomes[end.outcome, default: 0] += 1
    if end.outcome.usesAttempt { jobs[id.job]?.attemptsUsed += 1 }
    switch next {
    case .done(let state):
      jobs[id.job]?.state = state
      open.remove(id.job)
    case .retry(let time):
      jobs[id.job]?.state = .scheduled
      jobs[id.job]?.notBefore = time
    case .requeue: jobs[id.job]?.state = .queued
    }
  }

  private func demand(_ condition: Bool, _ failure: String) throws {
    if !condition { throw TestFailure(failure) }
  }
}
