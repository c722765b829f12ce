import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// The record of attempts.
struct HistoryRoutes: Sendable {
  let history: any HistoryReader

  func add(to routes: inout RouteTable) {
    routes.show("/history", query: .read, use: list)
    routes.show("/history/summary", query: .read, use: summarise)
    routes.show("/history/builds", query: .read, use: summariseBuilds)
  }

  @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
    var filter = try HistoryFilter(queryItems: request.queryItems)
    let rows = try await history.history(matching: filter)
    var next: HistoryCursor?
    if rows.count == filter.limit, let last = rows.last {
      filter.after = HistoryCursor(last.attempt, in: filter.order)
      filter.limit = 1
      next = try await history.history(matching: filter).isEmpty ? nil : filter.after
    }
    return try Response(json: HistoryPage(attempts: rows.map(AttemptView.init), next: next?.description))
  }

  @Sendable private func summarise(_ request: Request, _ context: APIContext) async throws -> Response {
    let filter = try HistoryFilter(queryItems: request.queryItems)
    return try Response(json: try await history.summaries(matching: filter).map(SummaryView.init))
  }

  @Sendable private func summariseBuilds(
    _ request: Request, _ context: APIContext
  ) async throws -> Response {
    let filter = try HistoryFilter(queryItems: request.queryItems)
    return try Response(json: try await history.buildSummaries(matching: filter).map(SummaryView.init))
  }
}
