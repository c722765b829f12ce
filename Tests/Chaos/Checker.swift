import MillraceCore

/// Compares what the jobs wrote down with what is on record.
struct Checker {
  /// A rule that is broken.
  struct Violation {
    var job: JobID?
    var words: String
  }

  let record: Record
  let witnesses: [AttemptID: Witness]
  let ledger: Ledger.Entries
  /// The numbers of the requests, by job.
  private let numbers: [JobID: Int]

  init(record: Record, witnesses: [AttemptID: Witness], ledger: Ledger.Entries) {
    self.record = record
    self.witnesses = witnesses
    self.ledger = ledger
    numbers = record.jobs.compactMapValues { $0.submission.labels["chaos"].flatMap { Int($0) } }
  }

  func violations() -> [Violation] {
    acceptance() + strangers()
      + record.jobs.keys.sorted().flatMap { id in
        lifeViolations(id).map { Violation(job: id, words: "job \(id): \($0)") }
      }
  }

  /// What was told is there, and what is there was asked for, once.
  private func acceptance() -> [Violation] {
    var violations: [Violation] = []
    for (number, job) in ledger.acknowledged.sorted(by: { $0.value < $1.value }) where numbers[job] != number
    {
      violations.append(Violation(job: job, words: "job \(job) was accepted, but it is not on record"))
    }
    for number in Dictionary(grouping: numbers.values, by: { $0 }).filter({ $0.value.count > 1 }).keys
      .sorted()
    {
      violations.append(Violation(words: "request \(number) made more than one job"))
    }
    for (job, number) in numbers where ledger.refused.contains(number) {
      violations.append(
        Violation(job: job, words: "request \(number) was refused, but job \(job) is on record"))
    }
    for id in record.jobs.keys where numbers[id] == nil || numbers[id] ?? 0 >= ledger.deeds.count {
      violations.append(Violation(job: id, words: "nobody asked for job \(id)"))
    }
    return violations
  }

  /// What ran is on record.
  private func strangers() -> [Violation] {
    witnesses.keys.sorted().filter { id in
      record.attempts[id.job]?.contains { $0.id == id } != true
    }.map { Violation(job: $0.job, words: "attempt \($0) ran, but it is not on record") }
  }

  private func lifeViolations(_ id: JobID) -> [String] {
    guard let job = record.jobs[id], let deed = deed(of: id) else { return [] }
    let attempts = record.attempts[id] ?? []
    let last = attempts.last?.end?.outcome
    var broken: [String] = []
    func demand(_ isTrue: Bool, _ words: @autoclosure () -> String) { if !isTrue { broken.append(words()) } }

    demand(job.state.isFinal, "it is `\(job.state.rawValue)` for ever")
    demand(
      (job.state == .succeeded) == (last == .succeeded),
      "it is `\(job.state.rawValue)` after its last attempt")
    let isBlocked = deed.after.map { !isMet($0) } ?? false
    demand(job.state != .cancelled || ledger.cancelled.contains(id) || isBlocked, "nobody cancelled it")
    if isBlocked { demand(job.state == .cancelled && attempts.isEmpty, "what it needs did not come about") }
    let snoozes = attempts.count { $0.end?.outcome == .snoozed }
    demand(snoozes <= 1, "\(snoozes) attempts did not find what the one before had saved")
    demand(attempts.map(\.id.number) == Array(1..<attempts.count + 1), "its attempts are not 1, 2, …")
    demand(job.attemptsUsed <= deed.attempts, "it used \(job.attemptsUsed) attempts")
    if job.state == .succeeded, deed.kind == .result {
      demand(record.results[id] == deed.n, "its result has \(record.results[id] ?? -1) bytes")
    }
    if let earliest = job.submission.notBefore, let first = attempts.first {
      demand(first.starting >= earliest, "it started before its time")
    }
    var end = deed.after.map { lastWord(of: $0) } ?? 0
    for attempt in attempts {
      let witness = witnesses[attempt.id]
      if let start = witness?.starts.first {
        demand(start >= end, "attempt \(attempt.id) began before what comes before it was over")
      }
      end = max(end, witness?.last ?? 0)
      broken += untruths(attempt, deed, witness)
    }
    return broken
  }

  /// Whether what a job depends on has ended as it must; all have ended.
  private func isMet(_ dependency: Dependency) -> Bool {
    guard case .job(let needed) = dependency.needed, let state = record.jobs[needed]?.state, state.isFinal
    else { return false }
    return dependency.condition.isMet(by: state)
  }

  /// When the job that one depends on was last heard of.
  private func lastWord(of dependency: Dependency) -> Int64 {
    guard case .job(let needed) = dependency.needed else { return 0 }
    return witnesses.filter { $0.key.job == needed }.map(\.value.last).max() ?? 0
  }

  /// What was asked for; nil if nobody asked.
  private func deed(of job: JobID) -> Deed? {
    numbers[job].flatMap { ledger.deeds.indices.contains($0) ? ledger.deeds[$0] : nil }
  }

  /// What is on record of one attempt, against what its process wrote down.
  private func untruths(_ attempt: Attempt, _ deed: Deed, _ witness: Witness?) -> [String] {
    var broken: [String] = []
    if let witness {
      if witness.starts.count != 1 {
        broken.append("attempt \(attempt.id) was started \(witness.starts.count) times")
      }
      if !witness.overlaps.isEmpty { broken.append("attempt \(attempt.id) ran beside another one") }
    }
    guard let end = attempt.end else { return broken + ["attempt \(attempt.id) is open for ever"] }
    let allowed = Expectation(
      deed: deed, witness: witness, wasKilled: ledger.killed.contains(attempt.id),
      wasCancelled: ledger.cancelled.contains(attempt.id.job),
      wasOrphaned: ledger.orphaned.contains(attempt.id))
    if !allowed.allows(end) {
      broken.append(
        "attempt \(attempt.id) is `\(end.outcome.rawValue)` (\(end.exit.map { "\($0)" } ?? "no exit"))")
    }
    return broken
  }

  /// Returns what is known of a job.
  func evidence(of id: JobID) -> String {
    var lines = ["  asked: \(deed(of: id)?.words ?? "unknown")"]
    if let job = record.jobs[id] { lines.append("  job: \(job.state.rawValue), used \(job.attemptsUsed)") }
    for attempt in record.attempts[id] ?? [] {
      let end = attempt.end
      lines.append(
        "  record: \(attempt.id) \(end?.outcome.rawValue ?? "open") \(end?.exit.map { "\($0)" } ?? "-") "
          + "\(end?.failure?.message ?? "") started \(attempt.started?.rawValue ?? 0)"
          + (ledger.killed.contains(attempt.id) ? " (killed by the assailant)" : "")
          + (ledger.orphaned.contains(attempt.id) ? " (its keeper was killed)" : ""))
    }
    for (attempt, witness) in witnesses.sorted(by: { $0.key < $1.key }) where attempt.job == id {
      lines += witness.text.split(separator: "\n").map { "  witness: \(attempt) \($0)" }
    }
    if ledger.cancelled.contains(id) { lines.append("  it was cancelled") }
    return lines.joined(separator: "\n")
  }
}
