/// How a cluster is used; the operator's settings.
package struct ClusterRules: Sendable, Equatable {
  /// How many attempts may be out there at once, those that wait in the cluster's own queue among them.
  package var outstanding = 1000
  /// A job that may run here or there (`Placement.auto`) goes there while the queue here is expected to take
  /// longer than this.
  package var autoWait: Duration = .seconds(60)
  /// How long a node gets no attempts after it has failed one by its own fault; doubled for each fault more.
  package var coolDown: Duration = .seconds(30)
  /// The longest of these times.
  package var longestCoolDown: Duration = .seconds(3600)

  package init() {}
}
