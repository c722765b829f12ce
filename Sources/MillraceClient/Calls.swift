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
  package func submit(_ batch: BatchRequest) throws -> BatchAnswer {
    try value(call("POST", "/jobs/batch", body: try Wire.encoder().encode(batch)))
  }

  /// Asks for jobs, each a line of JSON with its line break: all of them are accepted, or none.
  package func submit(lines: [UInt8]) throws -> BatchAnswer {
    var call = call("POST", "/jobs/batch", body: Data(lines))
    call.mediaType = "application/jsonl"
    return try value(call)
  }

  /// Asks for a workflow: all of its jobs are accepted, or none.
  package func submit(_ workflow: WorkflowSubmitRequest) throws -> WorkflowAnswer {
    try value(call("POST", "/workflows", body: try Wire.encoder().encode(workflow)))
  }

  /// Returns a page of workflows, the newest first.
  package func workflows(before: Int64? = nil, limit: Int) throws -> WorkflowPage {
    let query: QueryItems = [("limit", "\(limit)")] + (before.map { [("before", "\($0)")] } ?? [])
    return try value(call("GET", "/workflows", query: query))
  }

  /// Returns a workflow with its steps and jobs.
  package func workflow(_ id: Int64) throws -> WorkflowView { try value(call("GET", "/workflows/\(id)")) }

  /// Cancels the jobs of a workflow that have not ended, and returns it as it is then.
  package func cancel(workflow id: Int64) throws -> WorkflowView {
    try value(call("POST", "/workflows/\(id)/cancel"))
  }

  /// Lets the failed jobs of a workflow begin anew, and returns it as it is then.
  package func retryFailed(workflow id: Int64) throws -> WorkflowView {
    try value(call("POST", "/workflows/\(id)/retry-failed"))
  }

  /// Returns a page of jobs.
  package func jobs(matching filter: JobFilter) throws -> JobPage {
    try value(call("GET", "/jobs", query: filter.queryItems))
  }

  /// Returns all that is known of a job.
  package func job(_ id: JobID) throws -> JobDetail { try value(call("GET", "/jobs/\(id)")) }

  /// Returns the parameters of a job as they were given, secrets, too.
  package func parameters(of id: JobID) throws -> JSONValue {
    try value(call("GET", "/jobs/\(id)/parameters"))
  }

  /// Cancels a job and returns it as it is then.
  package func cancel(_ id: JobID) throws -> JobView { try value(call("POST", "/jobs/\(id)/cancel")) }

  /// Gives a job another priority and returns it as it is then.
  package func reprioritise(_ id: JobID, to priority: Int) throws -> JobView {
    let body = try Wire.encoder().encode(ReprioritiseRequest(priority: priority))
    return try value(call("POST", "/jobs/\(id)/reprioritise", body: body))
  }

  /// Returns a page of jobs that failed.
  package func dead(matching filter: JobFilter) throws -> DeadPage {
    try value(call("GET", "/dead", query: filter.queryItems))
  }

  /// Lets jobs that failed begin anew, all or none; returns them as they are then.
  package func retry(_ body: RetryBody) throws -> JobPage {
    try value(call("POST", "/dead/retry", body: try Wire.encoder().encode(body)))
  }

  /// Closes the breaker of a handler and returns it.
  package func resetBreaker(of handler: String) throws -> BreakerView {
    try value(call("POST", "/handlers/\(PercentEncoding.encode(handler))/reset"))
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

  /// Returns a line per handler and build over all attempts that match.
  package func buildSummaries(matching filter: HistoryFilter) throws -> [SummaryView] {
    try value(call("GET", "/history/builds", query: filter.queryItems))
  }

  /// Returns the builds of the plugin that has a handler.
  package func builds(of handler: String) throws -> BuildsView {
    try value(call("GET", "/handlers/\(PercentEncoding.encode(handler))/builds"))
  }

  /// Goes back to the build before the one that serves a handler; returns the builds as they are then.
  package func rollback(_ handler: String) throws -> BuildsView {
    try value(call("POST", "/handlers/\(PercentEncoding.encode(handler))/rollback"))
  }

  /// Returns the plugins in use and the files that were refused.
  package func handlers() throws -> HandlersView { try value(call("GET", "/handlers")) }

  /// Returns what was learned of a handler's jobs, or of all, and the fates of their schedules' times.
  package func statistics(of handler: String?) throws -> StatisticsPage {
    try value(call("GET", "/statistics", query: handler.map { [("handler", $0)] } ?? []))
  }

  /// Returns limits that fit what a handler's jobs have shown.
  package func recommendation(for handler: String) throws -> RecommendationView {
    try value(call("GET", "/handlers/\(PercentEncoding.encode(handler))/recommendation"))
  }

  /// Puts the recommendation for a handler into force, and returns it.
  package func applyRecommendation(for handler: String) throws -> RecommendationView {
    try value(call("POST", "/handlers/\(PercentEncoding.encode(handler))/recommendation/apply"))
  }

  /// Deletes ended jobs and what belongs to them, however long that takes.
  package func prune(_ request: PruneRequest) throws -> PruneView {
    var call = call("POST", "/prune", body: try Wire.encoder().encode(request))
    call.idle = nil
    return try value(call)
  }

  /// Copies the record into a new directory on the runner's machine, however long that takes.
  package func backup(to directory: String) throws -> BackupView {
    var call = call(
      "POST", "/backup", body: try Wire.encoder().encode(BackupRequest(directory: directory)))
    call.idle = nil
    return try value(call)
  }

  /// Returns the runner's metrics as text: in OpenMetrics, or in the older format of Prometheus.
  package func metrics(inOpenMetrics isOpen: Bool) throws -> [UInt8] {
    var call = Call(method: "GET", path: "/metrics", idle: patience)
    call.accept = isOpen ? "application/openmetrics-text; version=1.0.0" : "text/plain; version=0.0.4"
    return [UInt8](try bytes(call).bytes)
  }

  /// Returns the runner's state.
  package func status() throws -> StatusView { try value(call("GET", "/status")) }

  /// Returns how the cluster is, its nodes and what is there.
  package func nodes() throws -> NodesView { try value(call("GET", "/nodes")) }

  /// Returns the runner with what runs and the first of what waits: at most `count` jobs of these.
  package func top(queued count: Int) throws -> TopView {
    try value(call("GET", "/top", query: [("queued", "\(count)")]))
  }
}
