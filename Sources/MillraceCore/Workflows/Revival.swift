/// Which jobs of a workflow begin anew when those that failed are tried again: these, and the jobs that ended
/// or are held because of them.
package struct Revival: Sendable, Equatable {
  /// A job that begins anew.
  package struct Revived: Sendable, Equatable {
    package var job: Job
    /// What it waits for, each on a job that begins anew or has not ended.
    package var waitsFor: [Dependency]

    package init(job: Job, waitsFor: [Dependency]) {
      self.job = job
      self.waitsFor = waitsFor
    }
  }

  /// By number.
  package private(set) var jobs: [Revived] = []

  /// Finds them.
  ///
  /// - Parameters:
  ///   - candidates: the jobs that `isCandidate` of a workflow, by number: each comes behind what it needs.
  ///   - states: the states of all jobs that they depend on; one that is left out was settled long ago.
  package init(of candidates: [Job], states: [JobID: JobState]) {
    var revived: Set<JobID> = []
    for job in candidates {
      var open: [Dependency] = []
      var isBroken = false
      for dependency in job.submission.after {
        guard case .job(let needed) = dependency.needed, let state = states[needed] else { continue }
        if revived.contains(needed) || !state.isFinal {
          open.append(dependency)
        } else if !dependency.condition.isMet(by: state) {
          isBroken = true
        }
      }
      // What has begun once had all that it needed.
      guard !isBroken || (job.state == .failed && job.attempts > 0) else { continue }
      revived.insert(job.id)
      jobs.append(Revived(job: job, waitsFor: open))
    }
  }

  /// Whether a job may begin anew: it failed, or its dependencies ended or hold it.
  package static func isCandidate(_ member: WorkflowRecord.Member) -> Bool {
    switch member.state {
    case .failed: true
    case .cancelled: member.reason?.code == EndReason.dependencyCode
    case .blocked: member.isHeld
    case .scheduled, .queued, .starting, .running, .succeeded: false
    }
  }
}
