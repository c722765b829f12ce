import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// What was learned of handlers, and what follows from it.
struct HandlerRoutes: Sendable {
  let service: any JobService
  /// Nil if this runner has no schedules.
  let schedules: (any ScheduleService)?
  /// Where recommendations are written; nil if there is no such place.
  let settings: (any SettingsFiles)?

  func add(to routes: inout RouteTable) {
    routes.show("/statistics", query: .read, use: allStatistics)
    routes.show("/handlers/:name/statistics", use: statistics)
    routes.show("/handlers/:name/recommendation", use: recommend)
    routes.change("/handlers/:name/recommendation/apply", needs: .role(.operator), use: apply)
    routes.change("/handlers/:name/reset", needs: .role(.operator), use: reset)
    routes.show("/handlers/:name/builds", use: builds)
    routes.change("/handlers/:name/rollback", needs: .role(.operator), use: rollback)
  }

  @Sendable private func allStatistics(_ request: Request, _ context: APIContext) async throws -> Response {
    var handler: String?
    for (name, value) in try request.queryItems {
      guard name == "handler" else { throw QueryValue.unknown(name) }
      handler = value
    }
    var names = handler.map { [$0] } ?? []
    if handler == nil { names = await service.catalog().plugins.flatMap(\.handlers).map(\.name).sorted() }
    var views: [StatisticsView] = []
    for name in names { views += try await service.statistics(of: name).map(StatisticsView.init) }
    let window = await service.learningWindow
    return try Response(
      json: StatisticsPage(
        handlers: views, fates: try await schedules?.fates(handler: handler) ?? [:],
        figures: try await service.history.reportedFigures(lastOfEach: window, handler: handler),
        window: window))
  }

  @Sendable private func statistics(_ request: Request, _ context: APIContext) async throws -> Response {
    let statistics = try await service.statistics(of: try context.handler)
    return try Response(json: statistics.map(StatisticsView.init))
  }

  @Sendable private func reset(_ request: Request, _ context: APIContext) async throws -> Response {
    let name = try context.handler
    try await service.resetBreaker(of: name)
    let breaker = await service.breakers().first { $0.handler == name }
    return try Response(
      json: BreakerView(
        breaker ?? BreakerStanding(handler: name, build: "", phase: .closed, failures: 0)))
  }

  @Sendable private func builds(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: BuildsView(try await service.builds(of: try context.handler)))
  }

  @Sendable private func rollback(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: BuildsView(try await service.rollback(try context.handler)))
  }

  @Sendable private func recommend(_ request: Request, _ context: APIContext) async throws -> Response {
    let recommendation = try await service.recommendation(for: try context.handler)
    return try Response(json: RecommendationView(recommendation))
  }

  @Sendable private func apply(_ request: Request, _ context: APIContext) async throws -> Response {
    let recommendation = try await service.recommendation(for: try context.handler)
    guard !recommendation.isEmpty else { return try Response(json: RecommendationView(recommendation)) }
    guard let settings else {
      throw Refusal(.conflict, "this runner has no place for settings of handlers")
    }
    let file = try await settings.write(recommendation.wishes, for: recommendation.handler)
    return try Response(json: RecommendationView(recommendation, appliedTo: file))
  }
}

extension APIContext {
  /// The handler that the address names.
  fileprivate var handler: String {
    get throws {
      let name = name
      guard Handler.isValidName(name) else {
        throw Refusal(.notFound, "`\(name)` is no name of a handler", hint: "`millrace handlers` lists them")
      }
      return name
    }
  }
}

extension BuildsView {
  /// Makes the view of a plugin's builds.
  fileprivate init(_ builds: PluginBuilds) {
    self.init(
      handler: builds.handler, plugin: builds.plugin,
      builds: builds.builds.map { BuildView($0, figures: builds.figures[$0.build.sha256]) })
  }
}
