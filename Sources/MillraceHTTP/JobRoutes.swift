import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire
import NIOCore
import ServiceLifecycle

/// Jobs: submit, list, look at, explain, cancel, wait for, and take their results.
struct JobRoutes: Sendable {
  let service: any JobService
  let bodies: BodyReader

  func add(to routes: inout RouteTable) {
    routes.change("/jobs", needs: .role(.submitter), audits: false, use: submit)
    routes.change("/jobs/batch", needs: .role(.submitter), audits: false, use: submitBatch)
    routes.show("/jobs", query: .read, use: list)
    routes.show("/jobs/:id", use: show)
    routes.show("/jobs/:id/parameters", needs: .role(.admin), audits: true, use: parameters)
    routes.change("/jobs/rehearse", needs: .role(.viewer), audits: false, use: rehearse)
    routes.change("/jobs/:id/cancel", needs: .ownership(.job), use: cancel)
    routes.change("/jobs/:id/reprioritise", needs: .ownership(.job), use: reprioritise)
    routes.show("/jobs/:id/why", use: explain)
    routes.show("/jobs/:id/usage", use: usage)
    routes.show("/jobs/:id/wait", query: .read, use: wait)
    routes.show("/jobs/:id/result", use: result)
  }

  @Sendable private func submit(_ request: Request, _ context: APIContext) async throws -> Response {
    var job = try await bodies.job(of: request)
    job.note(senderOf: request, context)
    let accepted = try await service.accept([job])
    guard let acceptance = accepted.first else { preconditionFailure("one request makes one job") }
    let id = acceptance.job
    var view = JobView(try await service.history.found(id))
    if !acceptance.isNew { view.existing = true }
    return try Response(
      json: view, status: acceptance.isNew ? .created : .ok,
      headers: [.location: "\(Wire.prefix)/jobs/\(id)"])
  }

  @Sendable private func submitBatch(_ request: Request, _ context: APIContext) async throws -> Response {
    var jobs = try await bodies.batch(of: request)
    for index in jobs.indices { jobs[index].note(senderOf: request, context) }
    guard !jobs.isEmpty else { throw Refusal(.invalid, "the batch has no jobs") }
    let accepted = try await service.accept(jobs)
    let existing = accepted.filter { !$0.isNew }.map(\.job)
    return try Response(
      json: BatchAnswer(ids: accepted.map(\.job), existing: existing.isEmpty ? nil : existing),
      status: existing.count == accepted.count ? .ok : .created)
  }

  @Sendable private func rehearse(_ request: Request, _ context: APIContext) async throws -> Response {
    let trial = try await service.rehearse(try await bodies.job(of: request))
    return try Response(json: RehearsalView(trial.submission, trial.explanation, trial.forecast))
  }

  @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
    var filter = try JobFilter(queryItems: request.queryItems)
    let jobs = try await service.history.jobs(matching: filter)
    var next: JobID?
    if jobs.count == filter.limit, let last = jobs.last {
      filter.before = last.id
      filter.limit = 1
      next = try await service.history.jobs(matching: filter).isEmpty ? nil : last.id
    }
    return try Response(json: JobPage(jobs: jobs.map(JobView.init), next: next))
  }

  @Sendable private func show(_ request: Request, _ context: APIContext) async throws -> Response {
    let id = try context.jobID
    let standing = await service.standing(of: id)
    let job = try await service.history.found(id)
    let attempts = try await service.history.attempts(of: id)
    var detail = JobDetail(
      job: JobView(job), attempts: attempts.map(AttemptView.init),
      progress: standing?.progress.map { ProgressView(fraction: $0.fraction, message: $0.message) },
      gates: (standing?.gates ?? []).map(GateView.init),
      workingSetBytes: standing?.usage?.workingSet?.rawValue,
      cpuSeconds: standing?.usage?.cpu?.seconds, course: CourseView(job))
    detail.cluster = standing?.whereabouts.map(WhereaboutsView.init)
    return try Response(json: detail)
  }

  @Sendable private func usage(_ request: Request, _ context: APIContext) async throws -> Response {
    let id = try context.jobID
    let found = await service.usage(of: id)
    if found == nil { _ = try await service.history.found(id) }
    return try Response(json: UsageSeriesView(attempt: found?.attempt, found?.series ?? UsageSeries()))
  }

  /// Shows the parameters as they were given, secrets, too.
  @Sendable private func parameters(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: try await service.history.found(try context.jobID).submission.parameters)
  }

  @Sendable private func cancel(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: JobView(try await service.cancel(try context.jobID)))
  }

  @Sendable private func reprioritise(
    _ request: Request, _ context: APIContext
  ) async throws -> Response {
    let id = try context.jobID
    let priority = try await bodies.priority(of: request)
    return try Response(json: JobView(try await service.reprioritise(id, to: priority)))
  }

  @Sendable private func explain(_ request: Request, _ context: APIContext) async throws -> Response {
    let answer = try await service.explain(try context.jobID)
    return try Response(
      json: WhyView(
        job: JobView(answer.job), explanation: answer.explanation.map(ExplanationView.init),
        forecast: answer.forecast.map(ForecastView.init), attempt: answer.attempt.map { AttemptView($0) }))
  }

  @Sendable private func wait(_ request: Request, _ context: APIContext) async throws -> Response {
    let id = try context.jobID
    let time = try waitTime(of: request)
    let job: Job
    do {
      job = try await cancelWhenGracefulShutdown {
        try await request.body.consumeWithCancellationOnInboundClose { _ in
          try await service.wait(for: id, atMost: time)
        }
      }
    } catch is CancellationError where Task.isShuttingDownGracefully {
      job = try await service.history.found(id)  // As it is, like when the time is up.
    }
    return try Response(json: JobView(job), headers: [.connection: "close"])
  }

  private func waitTime(of request: Request) throws -> Duration {
    var seconds = 30.0
    for (name, value) in try request.queryItems {
      guard name == "timeout" else { throw QueryValue.unknown(name) }
      guard let number = Double(value), (0...60).contains(number) else {
        throw Refusal(.invalid, "`timeout` must be 0 to 60 seconds, not `\(value)`")
      }
      seconds = number
    }
    return .microseconds(Int64(seconds * 1e6))
  }

  @Sendable private func result(_ request: Request, _ context: APIContext) async throws -> Response {
    let id = try context.jobID
    guard let result = try await service.history.result(of: id) else {
      let job = try await service.history.found(id)
      guard job.state.isFinal else {
        throw Refusal(
          .conflict, "job \(id) is \(job.state.rawValue): it has no result yet",
          hint: "`millrace wait \(id)` waits for it")
      }
      throw Refusal(.notFound, "job \(id) has no result: it is \(job.state.rawValue)")
    }
    let mediaType = result.mediaType.isEmpty ? "application/octet-stream" : result.mediaType
    return Response(
      status: .ok, headers: [.contentType: mediaType, .xContentTypeOptions: "nosniff"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: result.bytes)))
  }
}

extension HistoryReader {
  /// Returns a job that must be there.
  /// - Throws: `Refusal` (`notFound`).
  func found(_ id: JobID) async throws -> Job {
    guard let job = try await job(id) else { throw Refusal(.notFound, "there is no job \(id)") }
    return job
  }
}

extension APIContext {
  /// The job that the address names.
  var jobID: JobID {
    get throws {
      let text = parameters.get("id") ?? ""
      guard let id = JobID(text: text) else {
        throw Refusal(.notFound, "`\(text)` is no job number", hint: "a job is a number, like 42")
      }
      return id
    }
  }
}
