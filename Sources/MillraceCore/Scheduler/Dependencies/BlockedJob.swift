/// A job that waits for the ends of others.
package struct BlockedJob: Sendable, Equatable {
  package var job: WaitingJob
  /// What is not settled, each on a job.
  package var waitsFor: [Dependency]
  package var onDependencyFailure: Dependency.Failure
  /// Which dependency can't be met any more, for a job that is held for it; nil if all can.
  package var broken: EndReason?

  /// Makes a job that waits for others.
  package init(
    _ job: WaitingJob, waitsFor: [Dependency], onDependencyFailure: Dependency.Failure = .cancel,
    broken: EndReason? = nil
  ) {
    self.job = job
    self.waitsFor = waitsFor
    self.onDependencyFailure = onDependencyFailure
    self.broken = broken
  }
}
