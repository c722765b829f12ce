package import MillraceCore

/// Why a job waits, or what held it back until it started: `GET /v1/jobs/{id}/why`.
package struct WhyView: Codable, Sendable, Equatable {
  package var job: JobView
  /// While it waits: every gate and what it is expected to need; nil if it does not wait.
  package var explanation: ExplanationView?
  /// While it waits: when it will start if everything goes as expected.
  package var forecast: ForecastView?
  /// Once it has started: its last attempt, with what admission knew then.
  package var attempt: AttemptView?

  package init(
    job: JobView, explanation: ExplanationView? = nil, forecast: ForecastView? = nil,
    attempt: AttemptView? = nil
  ) {
    self.job = job
    self.explanation = explanation
    self.forecast = forecast
    self.attempt = attempt
  }
}

/// What would become of a request if it were submitted now: `POST /v1/jobs/rehearse`.
package struct RehearsalView: Codable, Sendable, Equatable {
  package var handler: String
  package var priority: Int
  package var parameters: JSONValue
  package var limits: LimitsView
  package var timeoutSeconds: Double
  package var maxAttempts: Int
  package var notBefore: String?
  package var explanation: ExplanationView
  package var forecast: ForecastView

  /// Makes the view of a submission that is not made.
  package init(_ submission: Submission, _ explanation: Explanation, _ forecast: Forecast) {
    handler = submission.handler
    priority = submission.priority.rawValue
    parameters = submission.shownParameters
    limits = LimitsView(submission.terms.limits)
    timeoutSeconds = submission.terms.timeout.seconds
    maxAttempts = submission.terms.maxAttempts
    notBefore = submission.notBefore.map(Wire.text(of:))
    self.explanation = ExplanationView(explanation)
    self.forecast = ForecastView(forecast)
  }
}

/// Every gate of a waiting job, who comes first, and what it is expected to need.
package struct ExplanationView: Codable, Sendable, Equatable {
  package var gates: [GateView]
  /// How many queued jobs rank before it; nil if it waits for a time.
  package var ahead: Int?
  package var estimate: EstimateView
  /// When it fails if it still waits, or has not ended; nil if it may wait for ever.
  package var expires: String?

  /// Makes the view of an explanation.
  package init(_ explanation: Explanation) {
    gates = explanation.gates.map(GateView.init)
    ahead = explanation.ahead
    estimate = EstimateView(explanation.estimate)
    expires = explanation.expires.map(Wire.text(of:))
  }
}

/// What a job is expected to need, and on what that rests.
package struct EstimateView: Codable, Sendable, Equatable {
  package var memoryBytes: Int64
  package var cpuMillis: Int64
  /// The run time that orders jobs for backfill.
  package var runSeconds: Double
  /// The run time that a reservation counts with.
  package var longestRunSeconds: Double
  package var memoryBasis: BasisView
  package var runBasis: BasisView

  /// Makes the view of an estimate.
  package init(_ estimate: Estimate) {
    memoryBytes = estimate.memory.rawValue
    cpuMillis = estimate.cpuMillis
    runSeconds = estimate.expectedRun.seconds
    longestRunSeconds = estimate.runBound.seconds
    memoryBasis = BasisView(estimate.memoryBasis)
    runBasis = BasisView(estimate.runBasis)
  }
}

/// When a waiting job will start if everything goes as expected.
package struct ForecastView: Codable, Sendable, Equatable {
  /// nil if no start can be told.
  package var start: String?
  /// On what it rests, or why none can be told.
  package var basis: String

  /// Makes the view of a forecast.
  package init(_ forecast: Forecast) {
    start = forecast.start.map(Wire.text(of:))
    basis = forecast.basis
  }
}

/// The body of `POST /v1/jobs/{id}/reprioritise`.
package struct ReprioritiseRequest: Codable, Sendable, Equatable {
  /// 1 to 10, higher is sooner.
  package var priority: Int

  package init(priority: Int) { self.priority = priority }
}
