import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// The runner itself: its handlers and its state.
struct RunnerRoutes: Sendable {
  let service: any JobService

  func add(to routes: inout RouteTable) {
    routes.add(.get, "/handlers", use: handlers)
    routes.add(.get, "/status", use: status)
  }

  @Sendable private func handlers(_ request: Request, _ context: APIContext) async throws -> Response {
    let catalog = await service.catalog()
    return try Response(
      json: HandlersView(plugins: catalog.plugins.map(PluginView.init), refused: catalog.refused))
  }

  @Sendable private func status(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: StatusView(await service.status()))
  }
}

extension StatusView {
  /// Makes the view of the runner's state.
  init(_ status: RunnerStatus) {
    self.init(
      version: status.version, pid: status.pid, started: Wire.text(of: status.started),
      healthy: status.isHealthy, draining: status.draining, queued: status.queued,
      scheduled: status.scheduled, running: status.running, capacity: status.capacity, used: status.used,
      pressure: status.pressure, pressureCause: status.pressureCause, machine: MachineView(status.machine),
      notices: status.notices.map { NoticeView(time: $0.time, text: $0.text) })
  }
}
