import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// The runner itself: its handlers and its state.
struct RunnerRoutes: Sendable {
  let service: any JobService

  func add(to routes: inout RouteTable) {
    routes.show("/handlers", use: handlers)
    routes.show("/status", use: status)
    routes.show("/top", query: .read, use: top)
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

  /// How many jobs of the queue are told if nobody says, and at most.
  private static let queued = (usual: 50, most: 500)

  @Sendable private func top(_ request: Request, _ context: APIContext) async throws -> Response {
    var count = Self.queued.usual
    for (name, value) in try request.queryItems {
      guard name == "queued" else { throw QueryValue.unknown(name) }
      count = try QueryValue.count(name, value, 0...Self.queued.most)
    }
    let found = await service.top(queued: count)
    var view = TopView(status: StatusView(found.status))
    for attempt in found.top.running {
      let job = attempt.id.job
      view.running.append(
        TopRow(
          attempt, labels: try await labels(of: job), progress: found.progress[job],
          whereabouts: found.whereabouts[attempt.id]))
    }
    for job in found.top.queued { view.queued.append(TopRow(job, labels: try await labels(of: job.id))) }
    return try Response(json: view)
  }

  /// The scheduler knows no labels. A job may be deleted meanwhile.
  private func labels(of job: JobID) async throws -> [String: String] {
    try await service.history.job(job)?.submission.labels ?? [:]
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
    cluster = status.cluster.map(ClusterView.init)
  }
}
