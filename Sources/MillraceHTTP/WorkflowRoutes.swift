import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// Workflows: submit, list, look at, cancel, and try again what failed.
struct WorkflowRoutes: Sendable {
  let service: any JobService
  let bodies: BodyReader

  func add(to routes: inout RouteTable) {
    routes.change("/workflows", needs: .role(.submitter), audits: false, use: submit)
    routes.show("/workflows", query: .read, use: list)
    routes.show("/workflows/:id", use: show)
    routes.change("/workflows/:id/cancel", needs: .ownership(.workflow), use: cancel)
    routes.change("/workflows/:id/retry-failed", needs: .ownership(.workflow), use: retryFailed)
  }

  @Sendable private func submit(_ request: Request, _ context: APIContext) async throws -> Response {
    var workflow = try await bodies.workflow(of: request)
    for index in workflow.jobs.indices { workflow.jobs[index].note(senderOf: request, context) }
    let accepted = try await service.submit(workflow)
    return try Response(
      json: WorkflowAnswer(workflow: accepted.id, ids: accepted.jobs.map(\.job)),
      status: accepted.isNew ? .created : .ok,
      headers: [.location: "\(Wire.prefix)/workflows/\(accepted.id)"])
  }

  @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
    var before: Int64?
    var limit = 100
    for (name, value) in try request.queryItems {
      switch name {
      case "before": before = Int64(try QueryValue.count(name, value, 1...Int.max))
      case "limit": limit = try QueryValue.count(name, value, 1...10_000)
      default: throw QueryValue.unknown(name)
      }
    }
    let workflows = try await service.history.workflows(before: before, limit: limit)
    return try Response(
      json: WorkflowPage(
        workflows: workflows.map(WorkflowSummaryView.init),
        next: workflows.count == limit ? workflows.last?.id : nil))
  }

  @Sendable private func show(_ request: Request, _ context: APIContext) async throws -> Response {
    let id = try context.workflowID
    guard let record = try await service.history.workflow(id) else {
      throw Refusal(.notFound, "there is no workflow \(id)")
    }
    return try Response(json: WorkflowView(record))
  }

  @Sendable private func cancel(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: WorkflowView(try await service.cancel(workflow: try context.workflowID)))
  }

  @Sendable private func retryFailed(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: WorkflowView(try await service.retryFailed(workflow: try context.workflowID)))
  }
}

extension APIContext {
  /// The workflow that the address names.
  var workflowID: Int64 {
    get throws {
      let text = parameters.get("id") ?? ""
      guard let id = JobID(text: text) else {
        throw Refusal(.notFound, "`\(text)` is no workflow number", hint: "a workflow is a number, like 3")
      }
      return id.rawValue
    }
  }
}
