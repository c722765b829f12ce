import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceSocket
import MillraceWire

/// Holding and releasing jobs, many at once too; pausing and draining; settings at run time.
struct ControlRoutes: Sendable {
  let service: any JobService
  let bodies: BodyReader

  func add(to routes: inout RouteTable) {
    routes.add(.post, "/jobs/cancel", use: cancelAll)
    routes.add(.post, "/jobs/hold") { request, _ in try await holdAll(request, true) }
    routes.add(.post, "/jobs/release") { request, _ in try await holdAll(request, false) }
    routes.add(.post, "/jobs/:id/hold") { _, context in try await hold(context, true) }
    routes.add(.post, "/jobs/:id/release") { _, context in try await hold(context, false) }
    for verb in StationVerb.allCases {
      routes.add(.post, "/\(verb.rawValue)") { try await operate(verb, $0, $1) }
    }
    routes.add(.get, "/stations", use: stations)
    routes.add(.get, "/settings", use: settings)
    routes.add(.post, "/settings/set", use: set)
    routes.add(.post, "/settings/unset", use: unset)
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
    var state = try await service.operate(station, verb, by: context.userName)
    if let seconds = body.waitSeconds {
      state = await service.waitForDrain(of: station, atMost: .microseconds(Int64(seconds * 1e6)))
    }
    return try Response(json: StationView(state.station, state.activity))
  }

  @Sendable private func stations(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: await service.stations().map { StationView($0.station, $0.activity) })
  }

  @Sendable private func settings(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: await service.settings().map(SettingView.init))
  }

  @Sendable private func set(_ request: Request, _ context: APIContext) async throws -> Response {
    let body = try await bodies.setting(of: request)
    guard let value = body.value else { throw Refusal(.invalid, "`value` is missing") }
    let state = try await service.set(body.name, to: value, persists: body.persist ?? false)
    return try Response(json: SettingView(state))
  }

  @Sendable private func unset(_ request: Request, _ context: APIContext) async throws -> Response {
    let body = try await bodies.setting(of: request)
    return try Response(json: SettingView(try await service.unset(body.name)))
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

extension APIContext {
  /// The name of the user who asks, as the kernel noted it; a number if there is no name.
  fileprivate var userName: String {
    guard let peer else { return "somebody" }
    return UserName.of(peer.user)
  }
}
