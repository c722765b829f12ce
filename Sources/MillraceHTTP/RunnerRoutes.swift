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
    let breakers = await service.breakers()
    var view = HandlersView(
      plugins: catalog.plugins.map { PluginView($0, breakers: breakers) }, refused: catalog.refused)
    for state in await service.stations() {
      guard case .handler(let name) = state.station else { continue }
      for plugin in view.plugins.indices {
        for handler in view.plugins[plugin].handlers.indices
        where view.plugins[plugin].handlers[handler].name == name {
          view.plugins[plugin].handlers[handler].station = StationView(state.station, state.activity)
        }
      }
    }
    return try Response(json: view)
  }

  @Sendable private func status(_ request: Request, _ context: APIContext) async throws -> Response {
    try Response(json: StatusView(await service.status()))
  }
}

extension HostView {
  fileprivate init(_ host: WarmHostState) {
    self.init(
      host: host.number, plugin: host.plugin, sha256: host.sha256, state: host.state, started: host.started)
    (key, handler) = (host.key, host.handler)
    if host.warmUp > .zero { warmUpSeconds = host.warmUp.seconds }
    if host.fork > .zero { forkSeconds = host.fork.seconds }
    memoryBytes = host.memory?.rawValue
  }
}

extension StatusView {
  /// Makes the view of the runner's state.
  init(_ status: RunnerStatus) {
    self.init(
      version: status.version, pid: status.pid, started: Wire.text(of: status.started),
      healthy: status.isHealthy, recordTrouble: status.recordTrouble, draining: status.draining,
      queued: status.queued,
      scheduled: status.scheduled, running: status.running, capacity: status.capacity, used: status.used,
      pressure: status.pressure, pressureCause: status.pressureCause, machine: MachineView(status.machine),
      notices: status.notices.map { NoticeView(time: $0.time, text: $0.text) })
    held = status.held
    hosts = status.hosts.isEmpty ? nil : status.hosts.map(HostView.init)
    stations = status.stations.map { StationView($0.station, $0.activity) }
    settings = status.settings.map(SettingView.init)
  }
}
