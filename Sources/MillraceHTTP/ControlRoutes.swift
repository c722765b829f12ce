import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// Holding and releasing jobs, many at once too; pausing and draining; settings at run time.
struct ControlRoutes: Sendable {
  let service: any JobService
  let bodies: BodyReader

  func add(to routes: inout RouteTable) {
    routes.change("/jobs/cancel", needs: .role(.operator), use: cancelAll)
    routes.change("/jobs/hold", needs: .role(.operator)) { request, _ in try await holdAll(request, true) }
    routes.change("/jobs/release", needs: .role(.operator)) { request, _ in try await holdAll(request, false)
    }
    routes.change("/jobs/:id/hold", needs: .ownership(.job)) { _, context in try await hold(context, true) }
    routes.change("/jobs/:id/release", needs: .ownership(.job)) { _, context in try await hold(context, false)
    }
    for verb in StationVerb.allCases {
      routes.change("/\(verb.rawValue)", needs: .role(.operator)) { try await operate(verb, $0, $1) }
    }
    routes.show("/stations", use: stations)
    routes.show("/settings", use: settings)
    routes.change("/settings/set", needs: .role(.operator), use: set)
    routes.change("/settings/unset", needs: .role(.operator), use: unset)
  }

  @Sendable private func cancelAll(_ request: Request, _ context: APIContext) async throws -> Response {
    let selection = try await bodies.selection(of: request)
    let filter = try selection.filter()
    let ids =
      selection.dryRun ?? false
      ? try await service.select(filter) : try await service.cancel(matching: filter)
    return try Response(json: SelectionAnswer(ids: ids))
  }

  private func holdAll(_ request: Request, _ isHeld: Bool) async throws -> Response {
    let selection = try await bodies.selection(of: request)
    let filter = try selection.filter()
    let ids =
      selection.dryRun ?? false
      ? try await service.select(filter) : try await service.hold(matching: filter, isHeld)
    return try Response(json: SelectionAnswer(ids: ids))
  }

  private func hold(_ context: APIContext, _ isHeld: Bool) async throws -> Response {
    try Response(json: JobView(try await service.hold(try context.jobID, isHeld)))
  }

  private func operate(
    _ verb: StationVerb, _ request: Request, _ context: APIContext
  ) async throws -> Response {
    let body = try await bodies.station(of: request)
    let station = try body.station()
    if let seconds = body.waitSeconds {
      guard verb == .drain else { throw Refusal(.invalid, "`wait_seconds` belongs to `POST /v1/drain`") }
      guard (0...60).contains(seconds) else {
        throw Refusal(.invalid, "`wait_seconds` must be 0 to 60, not \(seconds)")
      }
    }
    var state = try await service.operate(station, verb, by: context.owner ?? "somebody")
    if let seconds = body.waitSeconds {
      state = await service.waitForDrain(of: station, atMost: .microseconds(Int64(seconds * 1e6)))
    }
    return try Response(json: StationView(state.station, state.activity))
  }

  @Sendable private func stations(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: await service.stations().map { StationView($0.station, $0.activity) })
  }

  @Sendable private func settings(_ request: Request, _ context: APIContext) async throws -> Response {
    let settings = await service.settings()
    return try Response(
      json: settings.map(SettingView.init), headers: [.eTag: EntityTags.text(of: settings.revision)])
  }

  @Sendable private func set(_ request: Request, _ context: APIContext) async throws -> Response {
    let body = try await bodies.setting(of: request)
    guard let value = body.value else { throw Refusal(.invalid, "`value` is missing") }
    let state = try await service.set(
      body.name, to: value, persists: body.persist ?? false, from: try EntityTags.expected(by: request))
    return try Response(json: SettingView(state))
  }

  @Sendable private func unset(_ request: Request, _ context: APIContext) async throws -> Response {
    let body = try await bodies.setting(of: request)
    let state = try await service.unset(body.name, from: try EntityTags.expected(by: request))
    return try Response(json: SettingView(state))
  }
}

extension SettingView {
  /// Makes the view of a setting.
  init(_ state: SettingState) {
    self.init(
      name: state.name, value: state.value, configured: state.configured, changed: state.isChanged,
      persisted: state.isPersisted)
  }
}
