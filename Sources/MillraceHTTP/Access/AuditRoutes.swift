import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// Who had what changed.
struct AuditRoutes: Sendable {
  /// Nil if nothing is kept.
  let audit: (any AuditStore)?

  func add(to routes: inout RouteTable) {
    routes.show("/audit", query: .read, needs: .role(.admin), use: list)
  }

  @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
    var filter = AuditFilter()
    for (name, value) in try request.queryItems {
      switch name {
      case "principal": filter.principal = value
      case "before": filter.before = Int64(try QueryValue.count(name, value, 1...Int.max))
      case "limit": filter.limit = try QueryValue.count(name, value, 1...10_000)
      default: throw QueryValue.unknown(name)
      }
    }
    guard let audit else { throw Refusal(.conflict, "this runner keeps no audit") }
    let entries = try await audit.audit(filter)
    return try Response(
      json: AuditPage(
        entries: entries.map(AuditView.init), next: entries.count == filter.limit ? entries.last?.number : nil
      ))
  }
}
