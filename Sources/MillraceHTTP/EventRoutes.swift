import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// Events: announce, list and look at.
struct EventRoutes: Sendable {
  /// Nil if this runner takes none.
  let service: (any EventService)?
  let bodies: EventBodies

  func add(to routes: inout RouteTable) {
    routes.change("/events", needs: .role(.submitter), use: announce)
    routes.show("/events", query: .read, use: list)
    routes.show("/events/:number", use: show)
  }

  @Sendable private func announce(_ request: Request, _ context: APIContext) async throws -> Response {
    let service = try service.known
    switch try await bodies.content(of: request) {
    case .one(let event):
      let accepted = try await service.announce([event])
      guard let acceptance = accepted.first else { preconditionFailure("one event has one answer") }
      return try Response(acceptance)
    case .batch(let events):
      let accepted = try await service.announce(events)
      return try Response(
        json: EventBatchAnswer(events: accepted.map { EventAnswer($0) }),
        status: accepted.contains(where: \.isNew) ? .created : .ok)
    }
  }

  @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
    let query = try EventQuery(queryItems: request.queryItems)
    return try Response(
      json: EventPage(try await service.known.eventRecord.events(matching: query), of: query))
  }

  @Sendable private func show(_ request: Request, _ context: APIContext) async throws -> Response {
    let text = context.parameters.get("number") ?? ""
    guard let number = Int64(text), number > 0, "\(number)" == text else {
      throw Refusal(.notFound, "`\(text)` is no event number", hint: "an event is a number, like 17")
    }
    guard let row = try await service.known.eventRecord.event(EventNumber(number)) else {
      throw Refusal(.notFound, "there is no event \(number)")
    }
    return try Response(json: EventView(row))
  }
}

extension Optional<any EventService> {
  /// It, if there is one.
  /// - Throws: `Refusal` (`conflict`).
  var known: any EventService {
    get throws {
      guard let self else { throw Refusal(.conflict, "this runner takes no events") }
      return self
    }
  }
}

extension EventAnswer {
  /// Makes the answer for an event that is on record.
  init(_ acceptance: EventAcceptance) { self.init(number: acceptance.number, new: acceptance.isNew) }
}

extension Response {
  /// Makes the answer for one event.
  init(_ acceptance: EventAcceptance) throws {
    try self.init(
      json: EventAnswer(acceptance), status: acceptance.isNew ? .created : .ok,
      headers: [.location: "\(Wire.prefix)/events/\(acceptance.number)"])
  }
}
