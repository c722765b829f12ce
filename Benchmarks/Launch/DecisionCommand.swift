import ArgumentParser
import MillraceCore
import MillraceSimulator

/// `decisions`: what a decision costs with few and with many jobs queued, and how fast a simulation is.
struct DecisionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decisions", abstract: "Measure the scheduler: decisions, memory per job, simulated jobs.")

  @Option(help: "How many decisions are measured with each queue.") var decisions = 2000
  @Option(help: "How many jobs wait in the larger queue.") var queued = 1_000_000
  @Option(help: "How many jobs are simulated.") var jobs = 1_000_000

  private static let few = 1000
  private static let groups = 10_000

  func run() throws {
    var fewJobs = Queue(of: Self.few)
    let small = fewJobs.timesOfDecisions(decisions)
    let before = StubRunner.residentBytes()
    var queue = Queue(of: queued)
    let perJob = (StubRunner.residentBytes() - before) / Int64(queued)
    let large = queue.timesOfDecisions(decisions)
    Row(
      what: "a decision with \(queued) jobs queued, against \(Self.few)", lane: "native",
      measured: large.text,
      limit: small.text, ratio: Times.text(of: large.ratios(to: small)), target: "≤ 3"
    ).show()
    Row(what: "memory per queued job", lane: "native", measured: "\(perJob) bytes").show()
    var grouped = Queue(of: Self.groups, inGroups: true)
    Row(
      what: "a decision with \(Self.groups) jobs queued, each in a group of its own", lane: "native",
      measured: grouped.timesOfDecisions(decisions / 10).text, limit: small.text
    ).show()
    try simulate()
  }

  private func simulate() throws {
    let memory = Bytes.gibibytes(64)
    let clock = ContinuousClock()
    let start = clock.now
    var policy = Policy(slots: 64, memory: memory, cpuMillis: 32_000, maxQueued: .max)
    policy.processors = .whole
    var replay = Replay(Workload(count: jobs), policy: policy)
    try replay.run()
    let seconds = (clock.now - start).seconds
    let tenths = Int64((seconds * 10).rounded())
    Row(
      what: "\(replay.figures.jobs) simulated jobs", lane: "native",
      measured: "\(tenths / 10).\(tenths % 10) s"
    ).show()
  }
}

/// A scheduler with a full machine and so many jobs that wait, of eight handlers with learned estimates.
private struct Queue {
  private var scheduler: Scheduler
  private var running: [AttemptID] = []
  private var now = Timestamp(microseconds: 1_767_225_600_000_000)
  private var next: Int64 = 1
  /// Whether each job chooses a group that no other one is in.
  private let inGroups: Bool

  init(of count: Int, inGroups: Bool = false) {
    self.inGroups = inGroups
    var policy = Policy(slots: 32, memory: .gibibytes(8), cpuMillis: 1_000_000, maxQueued: .max)
    policy.learning.few = 5
    scheduler = Scheduler(policy: policy)
    let names = (0..<8).map { "handler-\($0)" }
    note(
      scheduler.handle(
        .handlers(Dictionary(uniqueKeysWithValues: names.map { ($0, HandlerRules()) })), at: now))
    let evidence = names.flatMap { name in
      (0..<40).map { place in
        Evidence(
          handler: name, jobClass: nil, build: "", started: now, memoryPeak: .mebibytes(Int64(400 + place)),
          cpu: nil, duration: .seconds(30 + place), timeToPeak: nil)
      }
    }
    note(scheduler.handle(.learned(evidence), at: now))
    for _ in 0..<count / 1000 { note(scheduler.handle(.submitted((0..<1000).map { _ in job() }), at: now)) }
  }

  private mutating func job() -> WaitingJob {
    now = now + .milliseconds(1)
    let terms = Terms(
      limits: Limits(memory: .mebibytes(1024), cpuMillis: 1000, pids: 8), timeout: .seconds(3600),
      grace: .zero,
      maxAttempts: 1, retryDelay: .zero)
    var job = Job(
      id: JobID(next), submission: Submission(handler: "handler-\(next % 8)", terms: terms), submitted: now,
      state: .queued)
    if inGroups { job.submission.group = "group-\(next)" }
    next += 1
    return WaitingJob(job)
  }

  private mutating func note(_ actions: [Action]) {
    for case .start(let id, _, _, _) in actions {
      running.append(id)
      _ = scheduler.handle(.started(id), at: now)
    }
  }

  /// An attempt ends, a job is submitted, and what may start is started: one decision.
  mutating func timesOfDecisions(_ count: Int) -> Times {
    var times = Times()
    let clock = ContinuousClock()
    let report = AttemptReport(
      exit: .exited(code: 0), usage: Usage(memoryPeak: .mebibytes(400)), word: .done(nil))
    for _ in 0..<count {
      let job = job()
      let ended = running.removeFirst()
      let start = clock.now
      let actions = scheduler.handle([.ended(ended, report), .submitted([job])], at: now)
      times.add([Int64((clock.now - start) / .nanoseconds(1))])
      note(actions)
    }
    return times
  }
}

/// Jobs that a machine has just time for.
private struct Workload: Sequence, IteratorProtocol {
  var count: Int
  private var number: Int64 = 0
  private var random = SeededGenerator(seed: 1)

  init(count: Int) { self.count = count }

  mutating func next() -> KnownJob? {
    guard number < count else { return nil }
    number += 1
    let terms = Terms(
      limits: Limits(memory: .mebibytes(64), cpuMillis: 1000, pids: 1), timeout: .seconds(120), grace: .zero,
      maxAttempts: 1, retryDelay: .zero)
    return KnownJob(
      number: number,
      submission: Submission(handler: "handler-\(number % 8)", terms: terms),
      submitted: Timestamp(microseconds: number * 1_100_000),
      run: .milliseconds(Int64.random(in: 1000...60_000, using: &random)))
  }
}
