import Foundation
import MillraceClient
import MillraceCore
import MillraceWire
import TestSupport

/// One seed: jobs flow in while the assailant kills; then everything ends and is looked at.
final class Storm {
  /// How much of what.
  struct Measure: Sendable {
    var jobs: Int
    var kills: Int
    var keeperKills: Int
    var jobKills: Int
  }

  private let runner: RunnerProcess
  private let ledger = Ledger()
  private let assailant: Assailant
  private let measure: Measure
  private var random: SeededGenerator
  private let began = ContinuousClock.now
  private var outcomes: [Outcome: Int] = [:]
  /// What the runners said to be wrong, and how often; kills account for some of it.
  private(set) var complaints: [String: (count: Int, example: String)] = [:]

  /// How many jobs may wait or run at once: more would only make the storm longer.
  private static let crowd = 60
  /// How long all jobs may take to end when nobody kills any more.
  private static let patience = Duration.seconds(300)

  init(seed: UInt64, measure: Measure) throws {
    runner = try RunnerProcess()
    random = SeededGenerator(seed: seed)
    assailant = Assailant(seed: seed, runner: runner, ledger: ledger, measure: measure)
    self.measure = measure
  }

  /// What happened, in one line.
  var summary: String {
    let entries = ledger.all
    let ends = outcomes.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
    let seconds = (ContinuousClock.now - began).components.seconds
    return "\(entries.deeds.count) jobs asked for, \(entries.acknowledged.count) accepted, "
      + "\(entries.refused.count) refused, \(entries.brokenCalls) calls broken, "
      + "\(entries.cancelled.count) cancelled; \(entries.runnerKills) runners, "
      + "\(entries.keeperKills) keepers and \(entries.killed.count) attempts killed; "
      + "attempts: \(ends.joined(separator: ", ")); \(seconds) s"
  }

  /// Returns what was found to be wrong.
  func run() async throws -> [String] {
    defer { runner.clear() }
    try runner.start()
    try runner.waitUntilReady()
    let keeper = LeftOvers(of: runner).descriptors().filter { $0.key == "keeper" }
    assailant.start()
    while !assailant.isOver || ledger.all.taken < measure.jobs { try step() }
    if let failure = assailant.failure { return [failure] }
    try runner.waitUntilReady()
    var violations = try waitForEnds()
    // The keeper has served them all; the last runner only some, so it is given more.
    violations += LeftOvers(of: runner).found(before: keeper)
    let before = LeftOvers(of: runner).descriptors()
    submit(max(8, measure.jobs / 10))
    violations += try waitForEnds() + LeftOvers(of: runner).found(before: before)
    complaints = runner.complaints()
    let status = runner.stop()
    if status != 0 {
      violations.append("the last runner ended with status \(status):\n\(runner.log(lines: 20))")
    }
    violations += LeftOvers(of: runner).afterStop()
    let record = try await Record(reading: runner.database)
    for attempt in record.attempts.values.joined() {
      if let outcome = attempt.end?.outcome { outcomes[outcome, default: 0] += 1 }
    }
    if outcomes[.succeeded, default: 0] == 0 { violations.append("no attempt has succeeded") }
    let checker = Checker(
      record: record, witnesses: try Witness.all(in: runner.witnesses), ledger: ledger.all)
    return violations + checker.violations().map { "\($0.words)\n\(evidence(of: $0, record, checker))" }
  }

  /// What is known of the job that a violation is about.
  private func evidence(of violation: Checker.Violation, _ record: Record, _ checker: Checker) -> String {
    guard let job = violation.job else { return "" }
    let log = runner.log(lines: 30, with: "\(job).")
    return checker.evidence(of: job) + "\n  log:\n\(log)"
  }

  private func step() throws {
    let entries = ledger.all
    // Jobs come for as long as kills do, and some after the last one.
    let share = measure.jobs * (entries.runnerKills + 1) / (measure.kills + 1)
    let quota = assailant.isOver ? measure.jobs : share
    if entries.taken < quota, crowd() < Self.crowd {
      submit(Int.random(in: 1...min(8, quota - entries.taken), using: &random))
    } else {
      usleep(10_000)
    }
    switch Int.random(in: 0..<60, using: &random) {
    case 0:
      disturb { [ledger] client, job in
        ledger.note { $0.cancelled.insert(job) }
        _ = try client.cancel(job)
      }
    case 1:
      let priority = Int.random(in: 1...10, using: &random)
      disturb { client, job in _ = try client.reprioritise(job, to: priority) }
    default: break
    }
  }

  /// How many jobs wait or run; a runner that does not answer has none for us.
  private func crowd() -> Int {
    // None answers while one is killed and the next one starts.
    guard let status = try? runner.client.status() else { return Self.crowd }
    return status.queued + status.scheduled + status.running
  }

  private func submit(_ count: Int) {
    let known = ledger.all.acknowledged.values.sorted().suffix(20)
    let deeds = (0..<count).map { _ in Deed.random(using: &random, after: Array(known)) }
    let numbers = ledger.add(deeds)
    let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))
    let requests = zip(numbers, deeds).map {
      $1.request(number: $0, witnesses: runner.witnesses, now: now)
    }
    for isFirst in [true, false] {
      do {
        let ids = try runner.client.submit(BatchRequest(jobs: requests)).ids
        return ledger.note { for (number, id) in zip(numbers, ids) { $0.acknowledged[number] = id } }
      } catch is Problem {
        // What broke before may have been accepted all the same.
        if isFirst { ledger.note { $0.refused.formUnion(numbers) } }
        usleep(50_000)  // A runner that has just started does not have its plugin yet.
        return
      } catch {
        ledger.note { $0.brokenCalls += 1 }
      }
    }
  }

  private func disturb(_ body: (Client, JobID) throws -> Void) {
    let jobs = ledger.all.acknowledged.values.sorted().suffix(20)
    guard let job = jobs.randomElement(using: &random) else { return }
    do { try body(runner.client, job) } catch is Problem {
      // It has ended meanwhile.
    } catch {
      ledger.note { $0.brokenCalls += 1 }
    }
  }

  /// Returns when every job has ended; a job that does not is a violation.
  private func waitForEnds() throws -> [String] {
    let deadline = ContinuousClock.now + Self.patience
    var filter = JobFilter()
    filter.states = JobState.allCases.filter { !$0.isFinal }
    filter.limit = 10
    while ContinuousClock.now < deadline {
      let open = try runner.client.jobs(matching: filter).jobs
      guard let first = open.first else { return [] }
      _ = try runner.client.wait(for: first.id, atMost: .seconds(5))
    }
    return try runner.client.jobs(matching: filter).jobs.map { job in
      "job \(job.id) is `\(job.state.rawValue)` for ever:\n\(runner.log(lines: 20, with: "\(job.id)."))"
    }
  }
}
