import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// The dead letters: jobs that failed, to look at and to try again.
struct DeadRoutes: Sendable {
  let service: any JobService
  let bodies: BodyReader

  func add(to routes: inout RouteTable) {
    routes.show("/dead", query: .read, use: list)
    routes.change("/dead/retry", needs: .role(.operator), use: retryAll)
    routes.change("/jobs/:id/retry", needs: .ownership(.job), use: retry)
  }

  @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
    var filter = try JobFilter(queryItems: request.queryItems)
    guard filter.states.isEmpty else { throw Refusal(.invalid, "the dead letters are all `failed`") }
    filter.states = [.failed]
    let jobs = try await service.history.jobs(matching: filter)
    var page = DeadPage(jobs: [], next: jobs.count == filter.limit ? jobs.last?.id : nil)
    for job in jobs {
      let last = try await service.history.attempts(of: job.id).last
      page.jobs.append(DeadView(job: JobView(job), last: last.map { AttemptView($0) }))
    }
    return try Response(json: page)
  }

  @Sendable private func retry(_ request: Request, _ context: APIContext) async throws -> Response {
    let id = try context.jobID
    let body = try await bodies.retry(of: request)
    guard body.ids == nil else { throw Refusal(.invalid, "`ids` belongs to `POST /v1/dead/retry`") }
    let jobs = try await service.retry([id], try RetryRequest(body))
    guard let job = jobs.first else { preconditionFailure("one job makes one answer") }
    return try Response(json: JobView(job))
  }

  @Sendable private func retryAll(_ request: Request, _ context: APIContext) async throws -> Response {
    let body = try await bodies.retry(of: request)
    guard let ids = body.ids, !ids.isEmpty else { throw Refusal(.invalid, "`ids` names no job") }
    let jobs = try await service.retry(ids, try RetryRequest(body))
    return try Response(json: JobPage(jobs: jobs.map(JobView.init), next: nil))
  }
}

extension RetryRequest {
  init(_ body: RetryBody) throws {
    self.init()
    wishes = try body.wishes()
    moreMemory = body.moreMemoryPercent
  }
}
