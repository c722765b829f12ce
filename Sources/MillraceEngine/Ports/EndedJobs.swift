package import MillraceCore

/// Which ended jobs are meant.
package struct EndedJobs: Hashable, Sendable {
  /// Only in these states; none that is no end is ever meant.
  package var states: [JobState]
  /// Only those that ended at or after, and before; nil for no bound.
  package var since: Timestamp?
  package var before: Timestamp?
  /// Only these; nil for all. A job that is named goes even while its key still holds.
  package var jobs: [JobID]?

  package init(
    _ states: [JobState] = [.succeeded, .failed, .cancelled], since: Timestamp? = nil,
    before: Timestamp? = nil, jobs: [JobID]? = nil
  ) {
    self.states = states.filter(\.isFinal)
    self.since = since
    self.before = before
    self.jobs = jobs
  }
}

/// How much some jobs are.
package struct JobTally: Hashable, Sendable {
  package var jobs = 0
  package var attempts = 0
  /// Their inputs and results.
  package var bytes = Bytes.zero

  package init(jobs: Int = 0, attempts: Int = 0, bytes: Bytes = .zero) {
    self.jobs = jobs
    self.attempts = attempts
    self.bytes = bytes
  }

  package static func + (left: JobTally, right: JobTally) -> JobTally {
    JobTally(
      jobs: left.jobs + right.jobs, attempts: left.attempts + right.attempts, bytes: left.bytes + right.bytes)
  }
}

/// What a deletion has done.
package struct Deletion: Hashable, Sendable {
  /// The jobs that are gone, the one that ended first before the others.
  package var jobs: [JobID] = []
  /// How much they were, by the states in which they had ended.
  package var tallies: [JobState: JobTally] = [:]
  /// When the last of them had ended: where the next deletion goes on; nil if nothing was deleted.
  package var last: Timestamp?

  package init() {}

  /// How much they were together.
  package var tally: JobTally { tallies.values.reduce(JobTally(), +) }
}
