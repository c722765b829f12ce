import MillraceCore
import MillraceEngine
import TestSupport

/// A made-up past of a runner, the same for every store and seed, with many equal figures.
struct Workload {
  static let handlers = ["alpha", "beta", "gamma"]
  static let classes: [String?] = [nil, "small", "large"]

  private var random: SeededGenerator
  private var clock: Int64 = 0

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// Makes so many jobs, and takes each some way through its life.
  mutating func run(jobs count: Int, on stores: [any JobStore]) async throws {
    for _ in 0..<count {
      // A wall clock that is set back between two runs of the runner.
      clock += Int64.random(in: -2...5, using: &random)
      let asked = submission()
      var id = JobID(0)
      for store in stores { id = try await store.submit([asked], at: Sample.time(clock))[0] }
      let changes = life(of: id, asked)
      for store in stores { try await store.commit(changes) }
    }
  }

  /// Makes a filter of attempts out of few or many conditions.
  mutating func historyFilter(jobs count: Int) -> HistoryFilter {
    var filter = HistoryFilter()
    if chance(3) { filter.handler = Self.handlers.randomElement(using: &random) }
    if chance(4) { filter.states = some(JobState.allCases) }
    if chance(3) { filter.outcomes = some(Outcome.allCases) }
    if chance(4) { filter.jobClass = "small" }
    if chance(4) { filter.labels["team"] = ["red", "blue", "none"].randomElement(using: &random) }
    if chance(8) { filter.labels["rare"] = "yes" }
    if chance(8) { filter.job = JobID(Int64.random(in: 1...Int64(count), using: &random)) }
    if chance(4) { filter.since = Sample.time(Int64.random(in: 0...clock, using: &random)) }
    if chance(4) { filter.until = Sample.time(Int64.random(in: 0...clock, using: &random)) }
    if chance(4) { filter.minMemory = Bytes(Int64.random(in: 0...9, using: &random)) }
    filter.order = HistoryFilter.Order.allCases.randomElement(using: &random) ?? .time
    if chance(3) {
      let attempt = AttemptID(job: JobID(Int64.random(in: 1...Int64(count), using: &random)), number: 1)
      let key = Int64.random(in: -1...9, using: &random)
      filter.after = HistoryCursor(
        key: filter.order == .time ? Sample.time(clock / 9 * key).rawValue : chance(4) ? nil : key,
        attempt: attempt)
    }
    filter.limit = chance(3) ? Int.random(in: 1...10, using: &random) : 10_000
    return filter
  }

  /// Makes a filter of jobs out of few or many conditions.
  mutating func jobFilter(jobs count: Int) -> JobFilter {
    let other = historyFilter(jobs: count)
    var filter = JobFilter()
    filter.handler = other.handler
    filter.states = other.states
    filter.jobClass = other.jobClass
    filter.labels = other.labels
    filter.since = other.since
    filter.until = other.until
    filter.before = other.job
    filter.limit = other.limit
    if chance(5) { filter.group = "line" }
    if chance(5) { filter.isHeld = chance(2) }
    return filter
  }

  private mutating func submission() -> Submission {
    var labels: [String: String] = [:]
    if chance(2) { labels["team"] = chance(2) ? "red" : "blue" }
    if chance(10) { labels["rare"] = "yes" }
    var asked = Sample.plain(
      handler: Self.handlers.randomElement(using: &random) ?? "alpha",
      jobClass: Self.classes.randomElement(using: &random) ?? nil, labels: labels)
    asked.priority = Priority(rawValue: Int.random(in: 1...10, using: &random)) ?? .default
    if chance(6) { asked.notBefore = Sample.time(clock + 100) }
    if chance(4) { asked.group = "line" }
    asked.isHeld = chance(4)
    return asked
  }

  private mutating func life(of id: JobID, _ asked: Submission) -> [StoreChange] {
    var changes: [StoreChange] = []
    if chance(8) { return [.cancelled(id, at: Sample.time(clock + 1))] }
    if asked.notBefore != nil {
      if chance(2) { return [] }
      changes.append(.due(id))
    }
    for number in 1...3 {
      guard let steps = attempt(id, number, asked.handler) else { return changes }
      changes += steps.changes
      if steps.isLast { return changes }
    }
    return changes
  }

  private mutating func attempt(
    _ id: JobID, _ number: Int, _ handler: String
  ) -> (changes: [StoreChange], isLast: Bool)? {
    if chance(8) { return nil }
    var attempt = Sample.attempt(id, number, handler: handler, at: clock)
    attempt.starting = Sample.time(clock + Int64.random(in: 0...4, using: &random))
    var changes: [StoreChange] = [.starting(attempt)]
    if chance(10) { return (changes, true) }
    let ran = !chance(6)
    if ran { changes.append(.running(attempt.id, at: Sample.time(clock + 5))) }
    if ran && chance(4) { changes += freezing(attempt.id) }
    if chance(6) { changes.append(.reprioritised(id, chance(2) ? .default : .init(rawValue: 9) ?? .default)) }
    if chance(10) { return (changes, true) }
    var end = AttemptEnd(
      outcome: Outcome.allCases.randomElement(using: &random) ?? .lost,
      ended: Sample.time(clock + Int64.random(in: 5...12, using: &random)), usage: usage())
    if chance(2) { end.outcome = .succeeded }
    let isLast = end.outcome == .succeeded || number == 3 || chance(3)
    let next: AfterAttempt = isLast ? .done(end.outcome == .succeeded ? .succeeded : .failed) : .requeue
    changes.append(.ended(attempt.id, end, next: next))
    return (changes, isLast)
  }

  private mutating func freezing(_ id: AttemptID) -> [StoreChange] {
    let (start, end) = (Int64.random(in: 4...8, using: &random), Int64.random(in: 4...8, using: &random))
    let frozen = StoreChange.frozen(id, at: Sample.time(clock + start))
    return chance(3) ? [frozen] : [frozen, .thawed(id, at: Sample.time(clock + end))]
  }

  private mutating func usage() -> Usage {
    var usage = Usage()
    if !chance(4) { usage.memoryPeak = Bytes(Int64.random(in: 0...9, using: &random)) }
    if !chance(4) { usage.cpuUser = .seconds(Int.random(in: 0...5, using: &random)) }
    if !chance(4) { usage.cpuSystem = .seconds(Int.random(in: 0...5, using: &random)) }
    if chance(2) { usage.timeToPeak = .seconds(Int.random(in: 0...5, using: &random)) }
    return usage
  }

  private mutating func some<Value>(_ all: [Value]) -> [Value] {
    let count = Int.random(in: 1...3, using: &random)
    return Array(all.shuffled(using: &random).prefix(count))
  }

  /// Returns true once in so many times.
  private mutating func chance(_ odds: Int) -> Bool { Int.random(in: 1...odds, using: &random) == 1 }
}
