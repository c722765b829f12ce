import MillraceCore

/// Jobs that wait for others.
extension Simulation {
  /// How long somebody looks at a job that is held for a dependency before cancelling it.
  static let patienceWithHeld = Duration.seconds(20)

  /// What the scheduler is told of a new job that waits for others.
  func blocked(_ job: Job, waitsFor open: [Dependency], broken: EndReason?) -> BlockedJob {
    BlockedJob(
      WaitingJob(job, sharedBy: scenario.policy.fairShare?.label), waitsFor: open,
      onDependencyFailure: job.submission.onDependencyFailure, broken: broken)
  }

  /// What a new runner tells the scheduler of a job on record; `unended` had not ended when it read that.
  func blocked(_ job: Job, unended: Set<JobID>) -> BlockedJob {
    let open = job.submission.after.filter { dependency in
      if case .job(let needed) = dependency.needed { unended.contains(needed) } else { false }
    }
    return blocked(job, waitsFor: open, broken: job.isHeld ? ledger.broken(job) : nil)
  }
}
