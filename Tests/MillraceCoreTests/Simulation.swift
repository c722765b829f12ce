import TestSupport

@testable import MillraceCore

/// The scheduler with a made-up launcher, record and operator, all from one seed: what happens, and in which
/// order, is drawn by lot; what the scheduler decides is checked against the record at each step.
struct Simulation {
  /// What the launcher will say, or the operator do, at a time.
  enum Incident {
    case started(AttemptID), refused(AttemptID), ended(AttemptID, AttemptReport)
    case cancel(JobID)
    case submission([Job])
    case handlers([String: Int?])
    case sample
    /// The runner is killed; a new one reads the record and finds some of the attempts.
    case restart
  }

  static let names = ["alpha", "beta", "gamma"]

  let policy: Policy
  private(set) var random: SeededGenerator
  private(set) var scheduler: Scheduler
  private(set) var record = Record()
  private(set) var now = Sample.time(0)
  private(set) var handlers: [String: Int?] = [:]
  /// Rows of time and action, if they are kept.
  private(set) var trace: [String] = []
  private let keepsTrace: Bool
  private var agenda: [(time: Timestamp, order: Int, incident: Incident)] = []
  private var planned = 0
  private let isMeasured: Bool
  /// While the record is read, the scheduler knows a part of it only.
  private var isRestarting = false

  init(seed: UInt64, keepsTrace: Bool = false) {
    self.keepsTrace = keepsTrace
    random = SeededGenerator(seed: seed)
    var policy = Policy(
      slots: Int.random(in: 1...6, using: &random),
      memory: .mebibytes(Int64.random(in: 64...512, using: &random)),
      cpuMillis: Int64.random(in: 500...6000, using: &random), maxQueued: 1000, aging: .seconds(60))
    policy.memorySettling = .seconds(5)
    policy.thrashTime = .seconds(3)
    self.policy = policy
    scheduler = Scheduler(policy: policy)
    isMeasured = random.oneIn(2)
    plan()
  }

  /// What will come from outside: jobs, handlers that come and go, cancellations, restarts.
  private mutating func plan() {
    var number: Int64 = 1
    for _ in 0..<12 {
      let time = Sample.time(Int64.random(in: 0...200, using: &random))
      let count = Int64.random(in: 1...5, using: &random)
      put(.submission((number..<number + count).map { job($0, at: time) }), at: time)
      number += count
    }
    for _ in 0..<10 {
      put(.cancel(JobID(Int64.random(in: 1...number, using: &random))), at: any(0...250))
    }
    for _ in 0..<4 {
      let some = Self.names.filter { _ in !random.oneIn(3) }
      put(.handlers(bounds(of: some)), at: any(0...150))
    }
    for _ in 0..<Int.random(in: 0...2, using: &random) { put(.restart, at: any(30...250)) }
    if isMeasured { put(.sample, at: any(1...1)) }
    // At last every job may run.
    put(.handlers(bounds(of: Self.names)), at: Sample.time(260))
  }

  private mutating func any(_ seconds: ClosedRange<Int64>) -> Timestamp {
    Sample.time(Int64.random(in: seconds, using: &random))
  }

  private mutating func bounds(of names: [String]) -> [String: Int?] {
    var bounds: [String: Int?] = [:]
    for name in names { bounds[name] = .some(random.oneIn(2) ? nil : Int.random(in: 1...3, using: &random)) }
    return bounds
  }

  private mutating func job(_ number: Int64, at time: Timestamp) -> Job {
    let terms = Terms(
      limits: Limits(
        memory: .mebibytes(Int64.random(in: 1...policy.memory.rawValue >> 20, using: &random)),
        cpuMillis: Int64.random(in: 100...3000, using: &random), pids: 8),
      timeout: .seconds(Int64.random(in: 1...40, using: &random)),
      grace: .seconds(Int64.random(in: 0...5, using: &random)),
      maxAttempts: Int.random(in: 1...4, using: &random),
      retryDelay: .seconds(Int64.random(in: 0...10, using: &random)))
    let notBefore = random.oneIn(5) ? time + .seconds(Int64.random(in: 1...100, using: &random)) : nil
    return Job(
      id: JobID(number),
      submission: Submission(
        handler: Self.names.randomElement(using: &random) ?? "alpha", terms: terms,
        priority: Priority(rawValue: Int.random(in: 1...10, using: &random)) ?? .default),
      submitted: time, state: notBefore == nil ? .queued : .scheduled, notBefore: notBefore)
  }

  private mutating func put(_ incident: Incident, at time: Timestamp) {
    agenda.append((max(time, now), planned, incident))
    planned += 1
  }
}

extension Simulation {
  /// Works until every job has ended.
  /// - Throws: the first rule that the scheduler broke.
  mutating func run() throws {
    var steps = 0
    while !agenda.isEmpty || scheduler.nextTime != nil {
      steps += 1
      guard steps < 20_000 else { throw TestFailure("jobs never end: \(record.unfinished.map(\.id))") }
      let next = agenda.indices.min {
        (agenda[$0].time, agenda[$0].order) < (agenda[$1].time, agenda[$1].order)
      }
      if let time = scheduler.nextTime, next.map({ time <= agenda[$0].time }) ?? true {
        now = max(now, time)
        try handle(.timer)
      } else if let next {
        let entry = agenda.remove(at: next)
        now = entry.time
        try happen(entry.incident)
      }
    }
    guard record.unfinished.isEmpty else {
      throw TestFailure("jobs are forgotten: \(record.unfinished.map(\.id))")
    }
  }

  private mutating func happen(_ incident: Incident) throws {
    switch incident {
    case .started(let id): try handle(.started(id))
    case .refused(let id): try handle(.refused(id, reason: "no memory"))
    case .ended(let id, let report): try handle(.ended(id, report))
    case .cancel(let job): try handle(.cancel(job))
    case .handlers(let bounds):
      handlers = bounds
      try handle(.handlers(bounds))
    case .submission(let jobs):
      for job in jobs { record.accept(job) }
      try handle(.submitted(jobs.map(WaitingJob.init)))
    case .sample: try sample()
    case .restart: try restart()
    }
  }

  /// Feeds an event in, performs the actions and checks every rule.
  private mutating func handle(_ event: Event) throws {
    let actions = scheduler.handle(event, at: now)
    for action in actions {
      if keepsTrace { trace.append("\(now.rawValue) \(action)") }
      if case .start(let id, _, _, _, _, let admission) = action { try checkStart(of: id, admission) }
      try record.perform(action, at: now)
      answer(action)
    }
    if !actions.isEmpty { try checkCounts() }
    try checkNobodyWaitsForNothing()
  }

  private mutating func sample() throws {
    var samples: [AttemptID: UsageSample] = [:]
    for attempt in record.running.values.sorted(by: { $0.id < $1.id }) {
      let limit = attempt.job.submission.terms.limits.memory
      samples[attempt.id] = UsageSample(
        workingSet: Bytes(Int64.random(in: 0...limit.rawValue, using: &random)),
        cpu: (now - attempt.started) / 2, memoryLimitHits: (now - attempt.started).milliseconds * 2)
    }
    try handle(.sampled(samples))
    if !record.unfinished.isEmpty { put(.sample, at: now + .seconds(1)) }
  }

  /// What the launcher will do about an action.
  private mutating func answer(_ action: Action) {
    switch action {
    case .start(let id, _, let terms, _, _, _):
      // Whole seconds, so that times come together and their order shows.
      let time = now + .seconds(Int64.random(in: 0...1, using: &random))
      if random.oneIn(12) { return put(.refused(id), at: time) }
      put(.started(id), at: time)
      // Some run into their time limit, and some of those do not listen.
      let length = Duration.seconds(Int64.random(in: 0...60, using: &random))
      if length < terms.timeout { put(.ended(id, report()), at: time + length) }
    case .terminate(let id):
      forgetEnd(of: id)
      if !random.oneIn(3) {
        let report = random.oneIn(4) ? report() : .killed
        put(.ended(id, report), at: now + .seconds(Int64.random(in: 0...8, using: &random)))
      }
    case .kill(let id):
      forgetEnd(of: id)
      put(.ended(id, .killed), at: now + .seconds(Int64.random(in: 0...1, using: &random)))
    case .markRunning, .finish, .cancelled, .due: break
    }
  }

  private mutating func report() -> AttemptReport {
    let all: [AttemptReport] = [
      .success, .success, .success, .failure, .crash, .ownLimit, .pressure, .unknown,
    ]
    return all.randomElement(using: &random) ?? .success
  }

  private mutating func forgetEnd(of id: AttemptID) {
    agenda.removeAll { if case .ended(id, _) = $0.incident { true } else { false } }
  }

  /// A new runner with the same record: it finds some attempts, the others are lost.
  private mutating func restart() throws {
    scheduler = Scheduler(policy: policy)
    isRestarting = true
    agenda.removeAll { entry in
      switch entry.incident {
      case .started, .refused: true
      case .ended, .cancel, .submission, .handlers, .sample, .restart: false
      }
    }
    for job in record.unfinished {
      guard let attempt = record.running[job.id] else {
        try handle(.submitted([WaitingJob(job)]))
        continue
      }
      forgetEnd(of: attempt.id)
      if attempt.isRunning, !random.oneIn(3) {
        record.adopt(attempt.id)
        try handle(.adopted(WaitingJob(job), number: attempt.id.number, started: attempt.started))
        put(.ended(attempt.id, report()), at: now + .seconds(Int64.random(in: 0...20, using: &random)))
      } else {
        try record.lose(attempt.id, at: now)
        try handle(.submitted([WaitingJob(record.job(job.id))]))
      }
    }
    isRestarting = false
    try handle(.handlers(handlers))
  }
}

extension Simulation {
  /// A start must be the first in rank of all that may start, and fit beside what runs.
  private func checkStart(of id: AttemptID, _ admission: Admission) throws {
    let job = record.job(id.job)
    guard let head = head(), head.id == job.id else {
      throw TestFailure("\(id) was started before \(head().map { "\($0.id)" } ?? "its time")")
    }
    guard record.running.count < policy.slots, admission.running == record.running.count else {
      throw TestFailure("\(id) was started on slot \(record.running.count + 1) of \(policy.slots)")
    }
    let memory = record.running.values.reduce(Bytes.zero) { $0 + $1.job.submission.terms.limits.memory }
    let isFull = admission.memoryUsed + admission.estimate > policy.memory
    guard !isFull, isMeasured || admission.memoryUsed == memory else {
      throw TestFailure("\(id) was started with \(admission.memoryUsed) used of \(policy.memory)")
    }
  }

  /// The job with the lowest rank of all whose handler may run one more, as the record knows it.
  private func head() -> Job? {
    var running: [String: Int] = [:]
    for attempt in record.running.values { running[attempt.job.submission.handler, default: 0] += 1 }
    return record.unfinished.filter { job in
      guard job.state == .queued, let bound = handlers[job.submission.handler] else { return false }
      return running[job.submission.handler] ?? 0 < bound ?? Int.max
    }.min { (rank($0), $0.id) < (rank($1), $1.id) }
  }

  private func rank(_ job: Job) -> Int64 {
    job.submitted.rawValue - Int64(job.submission.priority.rawValue) * policy.aging.microseconds
  }

  /// The scheduler knows exactly the jobs that have not ended, each once.
  private func checkCounts() throws {
    guard !isRestarting else { return }
    let unfinished = record.unfinished
    let waiting = unfinished.filter { record.running[$0.id] == nil }
    let scheduled = waiting.filter { $0.state == .scheduled }.count
    guard unfinished.allSatisfy({ scheduler.knows($0.id) }),
      scheduler.runningCount == record.running.count, scheduler.scheduledCount == scheduled,
      scheduler.queuedCount == waiting.count - scheduled
    else { throw TestFailure("the scheduler and the record differ at \(now.rawValue)") }
  }

  /// The first in rank waits only behind a gate that is closed.
  private func checkNobodyWaitsForNothing() throws {
    guard !isRestarting, let head = head() else { return }
    let verdicts = scheduler.verdicts(for: head.id, at: now)
    guard verdicts.contains(where: { !$0.isOpen }) else {
      throw TestFailure("job \(head.id) waits behind no gate: \(verdicts.map(\.reason))")
    }
  }
}
