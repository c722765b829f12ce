import MillraceCore

/// What must hold of one attempt at a job after the other, counted here once more.
struct Course {
  private var crashes = 0
  private var losses = 0
  private var faults = 0
  private var last: Outcome?

  /// What an attempt at a job may use, by the record.
  static func limits(of job: Job) -> Limits {
    var limits = job.submission.terms.limits
    limits.memory = job.carryover.memory ?? limits.memory
    return limits
  }

  /// How long an attempt at a job may run, by the record.
  static func timeout(of job: Job) -> Duration { job.carryover.timeout ?? job.submission.terms.timeout }

  /// When a job must have ended; nil if it need not.
  static func deadline(of job: Job) -> Timestamp? {
    job.submission.terms.finishWithin.map { job.submitted + $0 }
  }

  /// From when on no attempt at a job may start; nil for never.
  static func expiry(of job: Job) -> Timestamp? {
    let start = job.attempts > 0 ? nil : job.submission.terms.startWithin.map { job.submitted + $0 }
    return [start, deadline(of: job)].compactMap(\.self).min()
  }

  /// Counts an end in and checks where the job goes then.
  mutating func note(
    _ end: AttemptEnd, _ next: AfterAttempt, of job: Job, _ id: AttemptID, _ policy: Policy,
    at now: Timestamp
  ) throws(BrokenRule) {
    last = end.outcome
    if end.outcome == .lost, end.failure?.code == "node_fault" {
      faults += 1
      return try checkFault(next, of: job, id, policy, at: now)
    }
    faults = 0
    losses = end.outcome == .lost ? losses + 1 : 0
    switch end.outcome {
    case .crashed: crashes += 1
    case .lost, .evicted, .oomPressure: break
    case .succeeded, .error, .oomOwnLimit, .timedOut, .cancelled, .snoozed: crashes = 0
    }
    let rule = job.submission.terms.retry
    let used = job.attemptsUsed + (end.outcome.usesAttempt ? 1 : 0)
    let cause: RetryCauses? =
      switch end.outcome {
      case .error: .error
      case .crashed: .crashed
      case .timedOut: .timedOut
      case .oomOwnLimit: .oomOwnLimit
      default: nil
      }
    guard case .done(let state, let reason) = next else {
      try BrokenRule.unless(cause.map(rule.causes.contains) ?? true, "\(id) is retried after \(end.outcome)")
      try BrokenRule.unless(
        used < job.submission.terms.maxAttempts || cause == nil, "\(id) has used up the attempts of its job")
      try BrokenRule.unless(crashes < policy.maxCrashes, "\(id) has crashed once too often")
      try BrokenRule.unless(losses < policy.maxLosses, "\(id) was lost once too often")
      return try checkTime(of: next, job, id, at: now)
    }
    try BrokenRule.unless(
      (state == .succeeded) == (end.outcome == .succeeded), "\(id) is \(end.outcome), its job \(state)")
    if end.outcome == .lost, job.cancelRequested == nil, reason == nil {
      try BrokenRule.unless(losses >= policy.maxLosses, "\(id) was lost, and its job is given up")
    }
    if let reason, reason.code != "memory_max" { try checkEnd(of: job, state, reason, at: now, ended: id) }
  }

  /// What no node could run is tried elsewhere, a number of times.
  private func checkFault(
    _ next: AfterAttempt, of job: Job, _ id: AttemptID, _ policy: Policy, at now: Timestamp
  ) throws(BrokenRule) {
    guard case .done(let state, let reason) = next else {
      try BrokenRule.unless(faults < policy.maxNodeFaults, "\(id) found a node at fault once too often")
      return try checkTime(of: next, job, id, at: now)
    }
    if let reason { return try checkEnd(of: job, state, reason, at: now, ended: id) }
    try BrokenRule.unless(
      state == .failed && faults >= policy.maxNodeFaults || job.cancelRequested != nil,
      "\(id) found a node at fault, and its job is given up")
  }

  /// A retry comes before the job's deadline, and no later than the longest wait.
  private func checkTime(
    of next: AfterAttempt, _ job: Job, _ id: AttemptID, at now: Timestamp
  ) throws(BrokenRule) {
    var time = now
    if case .retry(let later) = next { time = later }
    try BrokenRule.unless(
      Self.deadline(of: job).map { time < $0 } ?? true, "\(id) is retried after the deadline of its job")
  }

  /// The reason of an end is true.
  func checkEnd(
    of job: Job, _ state: JobState, _ reason: EndReason, at now: Timestamp, ended: AttemptID? = nil
  ) throws(BrokenRule) {
    let terms = job.submission.terms
    let isTrue =
      switch reason.code {
      case "cancelled", EndReason.dependencyCode: state == .cancelled
      case "expired":
        state == .failed && job.attempts == 0 && terms.startWithin.map { job.submitted + $0 <= now } ?? false
      // Of a retry that would come too late, the time is still to come.
      case "deadline": state == .failed && (ended != nil || Self.deadline(of: job).map { $0 <= now } ?? false)
      case "poisoned": state == .failed && (crashes > 1 || losses > 1)
      default: false
      }
    try BrokenRule.unless(isTrue, "job \(job.id) is \(state), which is not so: \(reason.message)")
  }

  /// Memory grows after an own-limit kill alone, never shrinks and stays below its bounds.
  mutating func check(
    _ new: Carryover, of job: Job, _ policy: Policy, _ largestNode: Bytes
  ) throws(BrokenRule) {
    let old = Self.limits(of: job).memory
    let next = new.memory ?? old
    let isHere = job.submission.terms.place ?? .local == .local
    let largest = isHere ? policy.capacity.memory : max(policy.capacity.memory, largestNode)
    let most = min(job.submission.terms.retry.memoryMax ?? Bytes(.max), largest)
    try BrokenRule.unless(next >= old, "job \(job.id) loses memory: \(old), then \(next)")
    try BrokenRule.unless(
      next == old || (last == .oomOwnLimit && next <= most),
      "job \(job.id) gets \(next) of memory after \(old), the most is \(most)")
    try BrokenRule.unless(
      new.timeout ?? Self.timeout(of: job) >= Self.timeout(of: job), "job \(job.id) loses time")
    try BrokenRule.unless(new.faults == faults, "job \(job.id) met \(faults) faults, not \(new.faults)")
    try BrokenRule.unless(new.losses == losses, "job \(job.id) was lost \(losses) times, not \(new.losses)")
  }
}
