package import MillraceCore

/// Runs attempts on the nodes of a cluster.
///
/// Beyond what is true of every `AttemptLauncher`:
/// - `launch` accepts; it may take long until an attempt has `started`, which comes after it was `placed` on
///   its node. It is in the cluster's queue before, and `terminate` and `kill` take it out of there: it ends.
/// - While the cluster can't be asked (`LaunchEvent.cluster` says so), what was accepted waits, and what runs
///   goes on. `takeOver` does not wait for the cluster.
/// - An attempt whose node is lost ends (`Interruption.nodeLost`) only when nothing of it can run any more.
package protocol ClusterLauncher: AttemptLauncher {}

/// What a cluster must know of an attempt.
package struct ClusterOrder: Sendable, Hashable {
  /// The groups that the job is in, innermost first, and its class; nil if it has none.
  package var groups: [String]
  package var jobClass: String?
  /// How long the attempt may run, and how long it may take to end when it is stopped.
  package var timeout: Duration
  package var grace: Duration
  /// What it is expected to need, and how long it is expected to run; nil while too little is known.
  package var estimate: Resources?
  package var expectedRun: Duration?
  /// Nodes that it must not get.
  package var excluded: [String]

  package init(
    groups: [String] = [], jobClass: String? = nil, timeout: Duration, grace: Duration,
    estimate: Resources? = nil, expectedRun: Duration? = nil, excluded: [String] = []
  ) {
    self.groups = groups
    self.jobClass = jobClass
    self.timeout = timeout
    self.grace = grace
    self.estimate = estimate
    self.expectedRun = expectedRun
    self.excluded = excluded
  }
}
