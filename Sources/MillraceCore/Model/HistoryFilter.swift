/// Which jobs to list.
package struct JobFilter: Sendable, Equatable {
  /// Only these states; empty for all.
  package var states: [JobState] = []
  package var handler: String?
  package var jobClass: String?
  /// Only jobs with all of these labels.
  package var labels: [String: String] = [:]
  /// Only jobs that chose this group.
  package var group: String?
  /// Only jobs that are held, or that are not; nil for both.
  package var isHeld: Bool?
  /// Only jobs of this workflow.
  package var workflow: Int64?
  /// Only jobs submitted at or after, and before.
  package var since: Timestamp?
  package var until: Timestamp?
  /// Only jobs with a lower number: the cursor of the next page. Lists go from the newest to the oldest.
  package var before: JobID?
  /// At most so many, 1 to 10,000.
  package var limit = 100

  package init() {}
}

/// Which attempts to list.
package struct HistoryFilter: Sendable, Equatable {
  /// How a list is ordered; each from the largest to the smallest.
  package enum Order: String, Sendable, CaseIterable { case time, memory, cpu, duration, wait }

  package var handler: String?
  /// Only jobs in these states; empty for all.
  package var states: [JobState] = []
  /// Only attempts with these outcomes; empty for all. Attempts without an end have none.
  package var outcomes: [Outcome] = []
  package var jobClass: String?
  package var labels: [String: String] = [:]
  package var job: JobID?
  /// Only attempts of builds whose SHA-256 begins so: `leastBuild` to 64 hexadecimal digits, in lower case.
  package var build: String?
  /// Only attempts that have run on this node of a cluster; nil for all.
  package var node: String?
  /// Only attempts that were admitted at or after, and before.
  package var since: Timestamp?
  package var until: Timestamp?
  /// Only attempts with at least this memory peak.
  package var minMemory: Bytes?
  package var order = Order.time
  /// Only those after this place in the list; nil for all.
  package var after: HistoryCursor?
  /// At most so many, 1 to 10,000.
  package var limit = 100

  /// So many digits tell builds apart; with fewer none is looked for.
  package static let leastBuild = 8

  /// Whether a text can be the beginning of a SHA-256 as it is looked for.
  package static func isBuild(_ text: String) -> Bool {
    (leastBuild...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  package init() {}
}

/// An attempt together with what its job says: a row of the history.
package struct HistoryRow: Sendable, Equatable {
  package var attempt: Attempt
  package var jobState: JobState
  package var priority: Priority
  package var jobClass: String?
  package var labels: [String: String]

  package init(
    attempt: Attempt, jobState: JobState, priority: Priority, jobClass: String?, labels: [String: String]
  ) {
    self.attempt = attempt
    self.jobState = jobState
    self.priority = priority
    self.jobClass = jobClass
    self.labels = labels
  }
}

/// The history of one handler in figures (`history --by handler`), or of one build of it (`--by build`).
package struct HandlerSummary: Sendable, Equatable {
  package var handler: String
  /// The build; nil for all.
  package var build: BuildFigures?
  package var attempts: Int
  package var succeeded: Int
  /// Attempts per outcome.
  package var outcomes: [Outcome: Int]
  /// 95th percentile (nearest rank) and maximum of the memory peaks that are known; nil if none is.
  package var memoryP95: Bytes?
  package var memoryMax: Bytes?
  /// Median and 95th percentile of the run times.
  package var durationP50: Duration?
  package var durationP95: Duration?
  /// Median of the queue waits.
  package var waitP50: Duration?
  /// CPU time in all.
  package var cpuTotal: Duration

  package init(
    handler: String, attempts: Int, succeeded: Int, outcomes: [Outcome: Int], memoryP95: Bytes?,
    memoryMax: Bytes?, durationP50: Duration?, durationP95: Duration?, waitP50: Duration?, cpuTotal: Duration
  ) {
    self.handler = handler
    self.attempts = attempts
    self.succeeded = succeeded
    self.outcomes = outcomes
    self.memoryP95 = memoryP95
    self.memoryMax = memoryMax
    self.durationP50 = durationP50
    self.durationP95 = durationP95
    self.waitP50 = waitP50
    self.cpuTotal = cpuTotal
  }
}

/// What the figures of a single build have beside those of all.
package struct BuildFigures: Hashable, Sendable {
  /// SHA-256 of the build.
  package var sha256: String
  package var version: String
  /// When its first attempt that matches was admitted.
  package var first: Timestamp
  /// What it takes more of than the handler's build before it.
  package var regressions: [Regression]

  package init(sha256: String, version: String, first: Timestamp, regressions: [Regression] = []) {
    self.sha256 = sha256
    self.version = version
    self.first = first
    self.regressions = regressions
  }
}
