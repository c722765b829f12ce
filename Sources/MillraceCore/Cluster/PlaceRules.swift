/// Which jobs are meant, by what they are.
package struct JobPattern: Sendable, Hashable {
  /// The handler; `*` stands for any characters. Nil for every one.
  package var handler: String?
  /// The group that the job chose, or its handler is in; nil for any, and for none.
  package var group: String?
  /// The class; nil for any, and for none.
  package var jobClass: String?

  package init(handler: String? = nil, group: String? = nil, jobClass: String? = nil) {
    self.handler = handler
    self.group = group
    self.jobClass = jobClass
  }

  /// Whether a job is meant; `groups` are all that it is in.
  package func matches(handler name: String, groups: [String], jobClass found: String?) -> Bool {
    (handler.map { Self.matches(Array(name.utf8)[...], Array($0.utf8)[...]) } ?? true)
      && (group.map(groups.contains) ?? true) && (jobClass.map { $0 == found } ?? true)
  }

  /// Whether a text is what a pattern describes.
  private static func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    let star = UInt8(ascii: "*")
    var (text, pattern) = (text, pattern)
    // Where to go on if what came after the last star does not fit.
    var back: (text: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
    while let first = text.first {
      if pattern.first == star {
        pattern = pattern.dropFirst()
        back = (text, pattern)
      } else if pattern.first == first {
        (text, pattern) = (text.dropFirst(), pattern.dropFirst())
      } else if let last = back {
        text = last.text.dropFirst()
        pattern = last.pattern
        back = (text, pattern)
      } else {
        return false
      }
    }
    return pattern.allSatisfy { $0 == star }
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
