package import MillraceCore

/// The answer to `why`: what holds a job back, or what held it back until it started.
package struct Answer: Sendable, Equatable {
  package var job: Job
  /// While it waits: every gate and what it is expected to need; nil if it does not wait.
  package var explanation: Explanation?
  /// While it waits: when it will start if everything goes as expected.
  package var forecast: Forecast?
  /// Once it has started: its last attempt, with what admission knew.
  package var attempt: Attempt?

  package init(job: Job, explanation: Explanation? = nil, forecast: Forecast? = nil, attempt: Attempt? = nil)
  {
    self.job = job
    self.explanation = explanation
    self.forecast = forecast
    self.attempt = attempt
  }
}

/// What would become of a request if it were submitted now (`submit --dry-run`).
package struct Trial: Sendable, Equatable {
  /// The job as it would be accepted, parameters and limits settled.
  package var submission: Submission
  package var explanation: Explanation
  package var forecast: Forecast

  package init(submission: Submission, explanation: Explanation, forecast: Forecast) {
    self.submission = submission
    self.explanation = explanation
    self.forecast = forecast
  }
}
