/// What was learned of one kind of job, in figures (`millrace stats`).
package struct Statistics: Sendable, Equatable {
  package var handler: String
  /// The class; nil for all jobs of the handler.
  package var jobClass: String?
  /// The build that the figures are of: its SHA-256.
  package var build: String
  /// Whether a newer build has shown too little and inherits them.
  package var isInherited: Bool
  /// How many attempts are counted, at most the window.
  package var attempts: Int
  /// Memory peaks in bytes; nil if the kernel told none.
  package var memory: Figures?
  /// Thousandths of a processor over the whole run; nil if the kernel told none.
  package var cpuMillis: Figures?
  /// Run times in microseconds.
  package var duration: Figures?
  /// Times until memory was near its peak, in microseconds.
  package var timeToPeak: Figures?
  /// What the newest build takes more of than the one before it.
  package var regressions: [Regression] = []

  /// Percentiles by nearest rank.
  package struct Figures: Sendable, Equatable {
    package var count: Int
    package var median: Int64
    package var percentile95: Int64
    package var max: Int64

    package init(count: Int, median: Int64, percentile95: Int64, max: Int64) {
      self.count = count
      self.median = median
      self.percentile95 = percentile95
      self.max = max
    }

    init?(_ window: SlidingWindow) {
      guard let median = window.percentile(50), let high = window.percentile(95), let max = window.max else {
        return nil
      }
      self.init(count: window.count, median: median, percentile95: high, max: max)
    }
  }

  package init(
    handler: String, jobClass: String?, build: String, isInherited: Bool, attempts: Int,
    memory: Figures? = nil, cpuMillis: Figures? = nil, duration: Figures? = nil, timeToPeak: Figures? = nil
  ) {
    self.handler = handler
    self.jobClass = jobClass
    self.build = build
    self.isInherited = isInherited
    self.attempts = attempts
    self.memory = memory
    self.cpuMillis = cpuMillis
    self.duration = duration
    self.timeToPeak = timeToPeak
  }
}
