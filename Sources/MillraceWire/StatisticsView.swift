package import MillraceCore

/// What was learned of handlers, what became of the times of their schedules, and what they tell in figures:
/// `GET /v1/statistics`.
package struct StatisticsPage: Codable, Sendable, Equatable {
  /// All jobs of a handler first, then its classes.
  package var handlers: [StatisticsView]
  /// How many nominal times of schedules had each fate, by its word.
  package var fates: [String: Int]
  /// The figures in results, by handler and name.
  package var figures: [ReportedFigureView]
  /// So many of the last attempts of each kind of job are counted, of the last results with figures, and of
  /// the last times of each schedule.
  package var window: Int

  package init(
    handlers: [StatisticsView], fates: [Fate: Int], figures: [ReportedFigure] = [], window: Int
  ) {
    self.handlers = handlers
    self.fates = Dictionary(uniqueKeysWithValues: fates.map { ($0.key.rawValue, $0.value) })
    self.figures = figures.map(ReportedFigureView.init)
    self.window = window
  }
}

/// A figure that a handler's results tell: an element of `GET /v1/statistics`.
package struct ReportedFigureView: Codable, Sendable, Equatable {
  package var handler: String
  package var name: String
  package var count: Int
  /// When the newest result that has it came about.
  package var time: String
  package var last: Double
  package var least: Double
  package var mean: Double
  package var largest: Double

  /// Makes the view of a figure.
  package init(_ figure: ReportedFigure) {
    handler = figure.handler
    name = figure.name
    count = figure.count
    time = Wire.text(of: figure.time)
    last = figure.last
    least = figure.least
    mean = figure.mean
    largest = figure.largest
  }
}

/// What was learned of one kind of job: an element of `GET /v1/handlers/{name}/statistics`.
package struct StatisticsView: Codable, Sendable, Equatable {
  package var handler: String
  /// nil for all jobs of the handler.
  package var jobClass: String?
  /// The build that the figures are of: its SHA-256.
  package var buildSha256: String
  /// Whether a newer build has shown too little and inherits them.
  package var inherited: Bool
  /// How many attempts are counted.
  package var attempts: Int
  package var memoryBytes: FiguresView?
  package var cpuMillis: FiguresView?
  package var runSeconds: FiguresView?
  package var secondsToPeak: FiguresView?
  /// What the newest build takes more of than the one before it; nil if nothing.
  package var regressions: [RegressionView]?

  private enum CodingKeys: String, CodingKey {
    case handler, buildSha256, inherited, attempts, memoryBytes, cpuMillis, runSeconds, secondsToPeak
    case regressions
    case jobClass = "class"
  }

  /// Makes the view of statistics.
  package init(_ statistics: Statistics) {
    handler = statistics.handler
    jobClass = statistics.jobClass
    buildSha256 = statistics.build
    inherited = statistics.isInherited
    attempts = statistics.attempts
    memoryBytes = statistics.memory.map { FiguresView($0) }
    cpuMillis = statistics.cpuMillis.map { FiguresView($0) }
    runSeconds = statistics.duration.map { FiguresView($0, unit: 1e6) }
    secondsToPeak = statistics.timeToPeak.map { FiguresView($0, unit: 1e6) }
    regressions = statistics.regressions.isEmpty ? nil : statistics.regressions.map(RegressionView.init)
  }
}

/// Figures of a number of attempts; percentiles by nearest rank.
package struct FiguresView: Codable, Sendable, Equatable {
  package var count: Int
  package var p50: Double
  package var p95: Double
  package var max: Double

  /// Makes the view of figures that count in parts of `unit`.
  package init(_ figures: Statistics.Figures, unit: Double = 1) {
    count = figures.count
    p50 = Double(figures.median) / unit
    p95 = Double(figures.percentile95) / unit
    max = Double(figures.max) / unit
  }
}

/// Limits that fit what a handler's jobs have shown: `GET /v1/handlers/{name}/recommendation`.
package struct RecommendationView: Codable, Sendable, Equatable {
  package var handler: String
  /// How many attempts it rests on; with fewer than `least_attempts` nothing is recommended.
  package var attempts: Int
  package var leastAttempts: Int
  /// Each is nil where there is no evidence, or where the present limit is right.
  package var memoryBytes: ChangeView<Int64>?
  package var cpuMillis: ChangeView<Int64>?
  package var timeoutSeconds: ChangeView<Double>?
  /// The sidecar that it was written to; nil if it was not applied.
  package var appliedTo: String?

  /// Makes the view of a recommendation.
  package init(_ recommendation: Recommendation, appliedTo file: String? = nil) {
    handler = recommendation.handler
    attempts = recommendation.attempts
    leastAttempts = recommendation.least
    memoryBytes = recommendation.memory.map {
      ChangeView(
        present: $0.present.rawValue, recommended: $0.recommended.rawValue, evidence: $0.evidence)
    }
    cpuMillis = recommendation.cpuMillis.map {
      ChangeView(present: $0.present, recommended: $0.recommended, evidence: $0.evidence)
    }
    timeoutSeconds = recommendation.timeout.map {
      ChangeView(
        present: $0.present.seconds, recommended: $0.recommended.seconds, evidence: $0.evidence)
    }
    appliedTo = file
  }
}

/// A limit as it is and as it should be.
package struct ChangeView<Value: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
  package var present: Value
  package var recommended: Value
  package var evidence: String

  package init(present: Value, recommended: Value, evidence: String) {
    self.present = present
    self.recommended = recommended
    self.evidence = evidence
  }
}
