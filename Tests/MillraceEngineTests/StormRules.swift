import MillraceCore
import MillraceEngine
import TestSupport

/// What must hold of the record at each step of a storm, and at its end.
struct StormRules {
  let record: MemoryJobStore
  let machine: StormMachine

  /// Returns what is broken now; `acknowledged` are the jobs whose numbers were told.
  func broken(acknowledged: [JobID]) async throws -> [String] {
    var broken = machine.violations
    for id in acknowledged where try await record.job(id) == nil {
      broken.append("job \(id) was accepted and is not on record")
    }
    for job in try await jobs() {
      let attempts = try await record.attempts(of: job.id)
      broken += illegal(job, attempts).map { "job \(job.id) is `\(job.state)`: \($0)" }
      broken += attempts.compactMap(untrue)
    }
    return broken
  }

  /// Returns what is not settled when nothing disturbs any more.
  func unsettled() async throws -> [String] {
    let open = try await jobs().filter { !$0.state.isFinal }
    return open.map { "job \($0.id) is `\($0.state)` for ever" }
      + machine.running.map { "\($0) runs for ever" }
  }

  private func jobs() async throws -> [Job] {
    var filter = JobFilter()
    filter.limit = 10_000
    return try await record.jobs(matching: filter)
  }

  private func illegal(_ job: Job, _ attempts: [Attempt]) -> [String] {
    let open = attempts.filter { $0.end == nil }
    let last = attempts.last?.end?.outcome
    let used = attempts.count { $0.end?.outcome.usesAttempt ?? false }
    let rules: [(Bool, String)] = [
      (job.attempts == attempts.count, "it has \(attempts.count) attempts, not \(job.attempts)"),
      (attempts.map(\.id.number) == Array(1..<attempts.count + 1), "its attempts are not 1, 2, …"),
      (job.attemptsUsed == used, "\(used) attempts count, not \(job.attemptsUsed)"),
      (used <= job.submission.terms.maxAttempts, "more attempts are used than it has"),
      (
        open.map(\.id) == attempts.suffix(job.state == .starting || job.state == .running ? 1 : 0).map(\.id),
        "its open attempts are \(open.map(\.id))"
      ),
      (job.state.isFinal == (job.ended != nil), "its end is not told"),
      (
        (job.state == .succeeded) == (last == .succeeded), "its last attempt ended `\(last?.rawValue ?? "-")`"
      ),
      ((job.state == .scheduled) == (job.notBefore != nil), "the time that it waits for is not told"),
    ]
    return rules.filter { !$0.0 }.map(\.1)
  }

  /// What is on record of an attempt's end must be what happened.
  private func untrue(_ attempt: Attempt) -> String? {
    guard let end = attempt.end else { return nil }
    guard let truth = machine.truth(of: attempt.id) else {
      let isTrue = [.lost, .cancelled].contains(end.outcome) && !machine.running.contains(attempt.id)
      return isTrue ? nil : "\(attempt.id) is \(end.outcome) on record, but it did not end"
    }
    let stopped: Set<Outcome> = [.cancelled, .timedOut, .evicted]
    let allowed: Set<Outcome>
    switch (truth.exit, truth.word) {
    case (_, .done): allowed = [.succeeded]
    case (_, .failed): allowed = stopped.union([.error])
    case (_, .snoozed): allowed = stopped.union([.snoozed])
    case (_, nil): allowed = stopped.union([.crashed])
    }
    return allowed.contains(end.outcome)
      ? nil : "\(attempt.id) is \(end.outcome) on record, but it ended with \(truth)"
  }
}
