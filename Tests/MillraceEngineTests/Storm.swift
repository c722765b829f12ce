import Logging
import MillraceCore
import TestSupport

@testable import MillraceEngine

/// The life of some jobs, from a seed, while the store fails by lot and the runner dies by lot.
///
/// It calls the engine's steps itself, in one order: the same seed makes the same storm.
final class Storm {
  let journal = Journal<String>()
  let record = MemoryJobStore()
  private let clock = ManualClock()
  private let store: FaultyJobStore
  private let machine: StormMachine
  private let rules: StormRules
  private let lottery: Lottery
  private var random: SeededGenerator
  private var engine: Engine
  private let hasDeaths: Bool
  private(set) var acknowledged: [JobID] = []
  private(set) var deaths = 0
  private(set) var refusals = 0

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    hasDeaths = !random.oneIn(3)
    machine = StormMachine(seed: seed, record: record, journal: journal)
    lottery = Lottery(seed: seed ^ 0x5eed, victim: hasDeaths ? machine : nil)
    rules = StormRules(record: record, machine: machine)
    store = FaultyJobStore(record, journal: journal)
    engine = Self.makeEngine(store, machine, clock)
    store.fail { [lottery] _ in lottery.draw() }
  }

  private static func makeEngine(
    _ store: FaultyJobStore, _ machine: StormMachine, _ clock: ManualClock
  ) -> Engine {
    var policy = Policy(
      slots: 4, memory: .gibibytes(1), cpuMillis: 100_000, maxQueued: 30, aging: .seconds(1800))
    policy.maxLosses = 1000  // In a storm a job may well be lost often; it must not fail for it.
    policy.maxRetryDelay = .seconds(20)
    return Engine(
      ports: Engine.Ports(
        store: store, launcher: machine, plugins: FakePluginSource(), logs: MemoryLogs(), clock: clock),
      policy: policy,
      reception: Reception(
        defaults: Sample.terms, machine: Limits(memory: .gibibytes(1), cpuMillis: 4000, pids: 100),
        maxInput: .kibibytes(1)),
      version: "1", pid: 1, log: Logger(label: "storm") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Lets it storm, then lets everything settle.
  /// - Returns: the rules that were broken.
  func run(steps: Int) async throws -> [String] {
    try await begin()
    for _ in 0..<steps {
      try await step()
      let broken = try await rules.broken(acknowledged: acknowledged)
      guard broken.isEmpty else { return broken }
    }
    return try await settle()
  }

  private func step() async throws {
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<3: await submit(count: Int.random(in: 1...3, using: &random))
    case 3: await disturb()
    case 4..<7: endOne()
    case 7..<11: await deliver()
    case 11..<16: clock.advance(by: .milliseconds(Int.random(in: 1...9000, using: &random)))
    case 16: engine.put(.event(.sampled([:], await machine.sample().machine)))
    case 17: machine.makeShort(random.oneIn(3))
    case 18: changeWeather()
    default: if hasDeaths, random.oneIn(3) { machine.killRunner() }
    }
    if !machine.isRunnerDead { await engine.tick() }
    if machine.isRunnerDead { try await begin() }
  }

  /// A runner starts, or tries to until the record can be read.
  private func begin() async throws {
    for _ in 0..<100 {
      deaths += 1
      machine.meetNewRunner()
      engine = Self.makeEngine(store, machine, clock)
      do { try await engine.restore() } catch is StoreFault {
        journal.append("the runner does not start")
        calm()
        continue
      }
      engine.put(.catalog(Catalog(plugins: [Bench.tools], refused: [])))
      await engine.tick()
      if !machine.isRunnerDead { return }
    }
    throw TestFailure("the runner does not start")
  }

  /// Whoever starts the runner again and again mends the disk at last.
  private func calm() { if random.oneIn(3) { lottery.set(odds: 0) } }

  private func changeWeather() {
    let odds = [0, 0, 20, 50, 100].randomElement(using: &random) ?? 0
    let faults = [[.busy], [.diskFull], [.inputOutput], [.damaged], StoreFault.allCases]
    lottery.set(odds: odds, faults: faults.randomElement(using: &random) ?? [])
  }

  private func submit(count: Int) async {
    let now = clock.now()
    let submissions = (0..<count).map { _ in
      var job = Sample.plain(handler: random.oneIn(3) ? "other" : "work")
      job.priority = Priority(rawValue: Int.random(in: 1...10, using: &random)) ?? .default
      if random.oneIn(4) { job.notBefore = now + .seconds(Int.random(in: 1...30, using: &random)) }
      return job
    }
    switch await engine.tick(accepting: submissions) {
    case .success(let ids): if !machine.isRunnerDead { acknowledged += ids }
    case .failure: refusals += 1
    }
  }

  private func disturb() async {
    guard let job = acknowledged.suffix(8).randomElement(using: &random) else { return }
    let priority = Priority(rawValue: Int.random(in: 1...10, using: &random)) ?? .default
    engine.put(.event(random.oneIn(2) ? .cancel(job) : .reprioritise(job, priority)))
  }

  private func endOne() {
    guard let attempt = machine.running.randomElement(using: &random) else { return }
    let failure = Failure(code: "no", message: "it said no", isRetryable: random.oneIn(2))
    let reports: [AttemptReport] = [
      .success, .success, .crash,
      AttemptReport(exit: .exited(code: 1), usage: Usage(), word: .failed(failure)),
    ]
    machine.end(attempt, reports.randomElement(using: &random) ?? .success)
  }

  private func deliver() async {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard let event = machine.nextEvent() else { return }
      await engine.take(event)
    }
  }

  /// The causes go, nothing else is done to the runner: everything must come to its end.
  private func settle() async throws -> [String] {
    lottery.set(odds: 0)
    machine.makeShort(false)
    for _ in 0..<400 {
      for attempt in machine.running { machine.end(attempt, .success) }
      while let event = machine.nextEvent() { await engine.take(event) }
      clock.advance(by: .seconds(20))
      engine.put(.event(.sampled([:], await machine.sample().machine)))
      await engine.tick()
      let isOver = try await rules.unsettled().isEmpty
      if isOver, await engine.status().isHealthy { break }
    }
    var broken = try await rules.broken(acknowledged: acknowledged) + rules.unsettled()
    let status = await engine.status()
    if !status.isHealthy { broken.append("the runner is not healthy again: \(status.recordTrouble ?? "")") }
    return broken
  }
}

extension Engine {
  /// Works through one tick with these submissions in it; returns their answer.
  fileprivate func tick(accepting submissions: [Submission]) async -> Result<[JobID], any Error> {
    let before = inboxCount
    let answer = Task {
      try await withCheckedThrowingContinuation { answer in
        self.put(.submissions(Batch(submissions: submissions, answer: answer)))
      }
    }
    while inboxCount == before { await Task.yield() }
    await tick()
    return await answer.result.map { $0.map(\.job) }
  }
}
