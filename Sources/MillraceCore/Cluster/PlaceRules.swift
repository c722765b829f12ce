/// Which jobs are meant, by what they are.
package struct JobPattern: Sendable, Hashable {
  /// The handler; nil for every one.
  package var handler: NamePattern?
  /// The group that the job chose, or its handler is in; nil for any, and for none.
  package var group: String?
  /// The class; nil for any, and for none.
  package var jobClass: String?

  package init(handler: String? = nil, group: String? = nil, jobClass: String? = nil) {
    self.handler = handler.map(NamePattern.init(any:))
    self.group = group
    self.jobClass = jobClass
  }

  /// Whether a job is meant; `groups` are all that it is in.
  package func matches(handler name: String, groups: [String], jobClass found: String?) -> Bool {
    (handler?.matches(name) ?? true) && (group.map(groups.contains) ?? true)
      && (jobClass.map { $0 == found } ?? true)
  }
}

/// Where jobs run, as far as the operator says so of more than single handlers.
package struct PlaceRules: Sendable, Equatable {
  /// The groups that say where their jobs run.
  package var groups: [String: Placement]
  /// The first that fits counts.
  package var rules: [Rule]
  /// Whether there is a cluster.
  package var hasCluster: Bool

  /// Makes rules; what is left out is not said.
  package init(
    groups: [String: Placement] = [:], rules: [Rule] = [], hasCluster: Bool = false
  ) {
    self.groups = groups
    self.rules = rules
    self.hasCluster = hasCluster
  }

  /// Returns where a job runs; nil if nothing is said of it. `chain` are the groups that it is in, innermost
  /// first.
  func place(handler: String, chain: [String], jobClass: String?) -> Placement? {
    chain.lazy.compactMap { groups[$0] }.first
      ?? rules.first { $0.pattern.matches(handler: handler, groups: chain, jobClass: jobClass) }?.place
  }

  /// Where the jobs of a kind run.
  package struct Rule: Sendable, Equatable {
    package var pattern: JobPattern
    package var place: Placement

    package init(pattern: JobPattern, place: Placement) {
      self.pattern = pattern
      self.place = place
    }
  }
}
