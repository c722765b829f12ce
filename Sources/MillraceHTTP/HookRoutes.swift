import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// Webhooks: an address for each schedule that has one, for callers that sign what they send.
struct HookRoutes: Sendable {
  /// Nil if this runner takes no events.
  let service: (any EventService)?
  /// Nil if it can't check signatures.
  let authentication: (any MessageAuthentication)?
  let bodies: EventBodies

  func add(to routes: inout RouteTable) {
    routes.change("/hooks/:name", needs: .nothing, audits: false, use: receive)
  }

  @Sendable private func receive(_ request: Request, _ context: APIContext) async throws -> Response {
    let service = try service.known
    let name = context.name
    let rule = try await service.webhook(ofSchedule: name)
    guard let authentication else { throw Refusal(.conflict, "this runner takes no webhooks") }
    let call = WebhookCall(headers: request.headers, body: try await bodies.body(of: request))
    let now = Timestamp(microseconds: Int64(time(nil)) * 1_000_000)
    try call.authenticate(by: rule, authentication, at: now)
    let event = try call.event(ofSchedule: name, by: rule.signature)
    try EventBodies.checkSize(of: event)
    return try Response(try await service.announce(fromWebhook: event))
  }
}
