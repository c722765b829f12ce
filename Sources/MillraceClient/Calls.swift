import FoundationEssentials
package import MillraceCore
package import MillraceWire

extension Client {
  /// The longest `wait` that the runner grants in one call.
  package static let longestWait = Duration.seconds(60)

  /// Asks for a job; returned means committed.
  package func submit(_ request: SubmitRequest) throws -> JobView {
    try value(call("POST", "/jobs", body: try Wire.encoder().encode(request)))
  }

  /// Asks for jobs: all of them are accepted, or none.
  package func submit(_ batch: BatchRequest) throws -> [JobID] {
    let answer: BatchAnswer = try value(call("POST", "/jobs/batch", body: try Wire.encoder().encode(batch)))
    return answer.ids
  }

  /// Returns a page of jobs.
  package func jobs(matching filter: JobFilter) throws -> JobPage {
    try value(call("GET", "/jobs", query: filter.queryItems))
  }

  /// Returns all that is known of a job.
  package func job(_ id: JobID) throws -> JobDetail { try value(call("GET", "/jobs/\(id)")) }

  /// Cancels a job and returns it as it is then.
  package func cancel(_ id: JobID) throws -> JobView { try value(call("POST", "/jobs/\(id)/cancel")) }

  /// Gives a job another priority and returns it as it is then.
  package func reprioritise(_ id: JobID, to priority: Int) throws -> JobView {
    let body = try Wire.encoder().encode(ReprioritiseRequest(priority: priority))
    return try value(call("POST", "/jobs/\(id)/reprioritise", body: body))
  }

  /// Returns why a job waits, or what held it back until it started.
  package func why(_ id: JobID) throws -> WhyView { try value(call("GET", "/jobs/\(id)/why")) }

  /// Returns what would become of a request; nothing is submitted.
  package func rehearse(_ request: SubmitRequest) throws -> RehearsalView {
    try value(call("POST", "/jobs/rehearse", body: try Wire.encoder().encode(request)))
  }

  /// Returns a job when it has ended, or as it is when the time is up: `longestWait` at most.
  package func wait(for id: JobID, atMost time: Duration) throws -> JobView {
    let span = min(max(time, .zero), Self.longestWait)
    let seconds = span.microseconds % 1_000_000 == 0 ? "\(span.components.seconds)" : "\(span.seconds)"
    var call = call("GET", "/jobs/\(id)/wait", query: [("timeout", seconds)])
    call.idle = patience + span
    return try value(call)
  }

  /// Returns the result of a job and its media type.
  package func result(of id: JobID) throws -> JobResult {
    let (mediaType, bytes) = try bytes(call("GET", "/jobs/\(id)/result"))
    return JobResult(mediaType: mediaType ?? "application/octet-stream", bytes: [UInt8](bytes))
  }

  /// Hands on the log of an attempt; of the newest one if `attempt` is nil.
  ///
  /// With `follow` it goes on until the attempt has ended, however long that is silent.
  package func logs(
    of id: JobID, attempt: Int?, follow: Bool, to sink: ([UInt8]) throws -> Void
  ) throws {
    var query: QueryItems = attempt.map { [("attempt", "\($0)")] } ?? []
    if follow { query.append(("follow", "true")) }
    var call = call("GET", "/jobs/\(id)/logs", query: query)
    if follow { call.idle = nil }
    try stream(call, to: sink)
  }

  /// Returns a page of the history.
  package func history(matching filter: HistoryFilter) throws -> HistoryPage {
    try value(call("GET", "/history", query: filter.queryItems))
  }

  /// Returns a line per handler over all attempts that match.
  package func summaries(matching filter: HistoryFilter) throws -> [SummaryView] {
    try value(call("GET", "/history/summary", query: filter.queryItems))
  }

  /// Returns the plugins in use and the files that were refused.
  package func handlers() throws -> HandlersView { try value(call("GET", "/handlers")) }

  /// Returns what was learned of a handler's jobs: all of them first, then its classes.
  package func statistics(of handler: String) throws -> [StatisticsView] {
    try value(call("GET", "/handlers/\(PercentEncoding.encode(handler))/statistics"))
  }

  /// Returns limits that fit what a handler's jobs have shown.
  package func recommendation(for handler: String) throws -> RecommendationView {
    try value(call("GET", "/handlers/\(PercentEncoding.encode(handler))/recommendation"))
  }

  /// Puts the recommendation for a handler into force, and returns it.
  package func applyRecommendation(for handler: String) throws -> RecommendationView {
    try value(call("POST", "/handlers/\(PercentEncoding.encode(handler))/recommendation/apply"))
  }

  /// Returns the runner's state.
  package func status() throws -> StatusView { try value(call("GET", "/status")) }
}
