import Hummingbird
import HummingbirdCore
package import Logging
package import MillraceCore
package import MillraceEngine
import MillraceSocket
import NIOCore
import ServiceLifecycle
import Synchronization

/// Serves a `JobService` as HTTP and JSON on a Unix socket.
///
/// Start it only while the runner holds its state lock: a dead socket file in its place is replaced.
package struct APIServer: Service {
  /// Where it listens, who may call and how much they may send.
  package struct Configuration: Sendable {
    /// The socket's path, absolute, below 108 bytes (unix(7)).
    package var socketPath: String
    /// The permissions of the socket file.
    package var socketMode: UInt32 = 0o600
    /// The group that the socket file is given; nil for the process's own.
    package var socketGroup: UInt32?
    /// Where it listens for TCP, beside the socket; nil for nowhere.
    package var tcp: TCPAddress?
    /// Called with the port when clients can connect over TCP.
    package var onListening: @Sendable (Int) -> Void = { _ in }
    /// Who may call, and as what.
    package var access = AccessRules()
    /// The page for browsers; nil if its files are not there.
    package var dashboard: DashboardFiles?
    /// The largest input of a job; the bounds of the bodies follow from it.
    package var maxInput = Bytes.mebibytes(64)
    /// The largest body of a batch.
    package var maxBatch = Bytes.mebibytes(256)
    /// The most jobs of a batch.
    package var maxBatchJobs = 100_000
    /// A connection on which no request comes for so long is closed.
    package var idleTimeout = Duration.seconds(75)
    /// How long a stop waits for answers that are being read before it cuts the connections.
    package var stopGrace = Duration.seconds(2)
    /// At most so many connections at once; more wait to be accepted.
    package var maxConnections = 1024
    /// How long a client that follows events hears nothing at most, and may take nothing.
    package var heartbeat = Duration.seconds(15)
    package var stallTime = Duration.seconds(30)

    /// Makes the usual configuration for a socket path.
    package init(socketPath: String) { self.socketPath = socketPath }
  }

  private let service: any JobService
  private let settings: (any SettingsFiles)?
  private let keeping: (any RecordKeeping)?
  private let schedules: (any ScheduleService)?
  private let events: (any EventService)?
  private let authentication: (any MessageAuthentication)?
  private let metrics: (any MetricsSource)?
  private let transitions: (any TransitionStore)?
  private let audit: (any AuditStore)?
  private let configuration: Configuration
  private let logger: Logger
  private let onReady: @Sendable () async -> Void

  /// Makes a server; `onReady` is called once, when clients can connect. Without `settings`, recommendations
  /// can't be applied; without `keeping`, nothing can be pruned or backed up; without `schedules`, there are
  /// none; without `events`, none are taken in; without `authentication`, no webhook is; without `metrics`,
  /// there is no such address; without `transitions`, nobody can follow what changes; without `audit`, nobody
  /// knows afterwards who had what changed.
  package init(
    serving service: any JobService, settings: (any SettingsFiles)? = nil,
    keeping: (any RecordKeeping)? = nil, schedules: (any ScheduleService)? = nil,
    events: (any EventService)? = nil, authentication: (any MessageAuthentication)? = nil,
    metrics: (any MetricsSource)? = nil, transitions: (any TransitionStore)? = nil,
    audit: (any AuditStore)? = nil, configuration: Configuration, logger: Logger,
    onReady: @escaping @Sendable () async -> Void = {}
  ) {
    self.service = service
    self.settings = settings
    self.keeping = keeping
    self.schedules = schedules
    self.events = events
    self.authentication = authentication
    self.metrics = metrics
    self.transitions = transitions
    self.audit = audit
    self.configuration = configuration
    self.logger = logger
    self.onReady = onReady
  }

  /// Serves until the graceful shutdown of its group, then removes the socket file.
  ///
  /// - Throws: `SocketFileError` if the socket can't be made.
  package func run() async throws {
    let socket = SocketFile(
      path: configuration.socketPath, mode: configuration.socketMode, group: configuration.socketGroup)
    try socket.prepare()
    defer { socket.remove() }
    let failure = Mutex<(any Error)?>(nil)
    let responder = makeResponder()
    let local = try makeServer(at: .unixDomainSocket(path: socket.stagingPath), responder) { channel in
      do {
        try socket.publish()
        await onReady()
      } catch {
        failure.withLock { $0 = error }
        channel.close(promise: nil)
      }
    }
    let remote = try configuration.tcp.map { address in
      try makeServer(at: .hostname(address.host, port: address.port), responder) { channel in
        logger.notice("listening", metadata: ["address": "\(channel.localAddress?.description ?? "")"])
        configuration.onListening(channel.localAddress?.port ?? 0)
      }
    }
    do {
      try await serve([local] + [remote].compactMap(\.self))
    } catch {
      throw failure.withLock { $0 } ?? error
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// Runs servers until one has stopped by itself, or until the time for that is up.
  private func serve(_ servers: [any Service]) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for server in servers {
        group.addTask {
          try await server.run()
          return true
        }
      }
      group.addTask {
        try await gracefulShutdown()
        try await Task.sleep(for: configuration.stopGrace)
        return false
      }
      var left = servers.count
      while left > 0 {
        guard try await group.next() ?? true else {
          logger.warning("connections are cut: their clients did not read their answers in time")
          break
        }
        left -= 1
        // One that gave up takes the other with it.
        if !Task.isShuttingDownGracefully { break }
      }
      group.cancelAll()
      while !group.isEmpty {
        // The end of a server that we have just cancelled is no error.
        _ = try? await group.next()
      }
    }
  }

  private func makeServer(
    at address: BindAddress, _ routes: RouterResponder<APIContext>,
    onRunning: @escaping @Sendable (any Channel) async -> Void
  ) throws -> any Service {
    var quiet = logger
    if quiet.logLevel == .info { quiet.logLevel = .notice }  // It logs the staging path at `info`.
    let http = HTTP1Channel.Configuration(idleTimeout: TimeAmount(configuration.idleTimeout))
    let responder = Responder(routes: routes, logger: quiet)
    return try HTTPServerBuilder.http1(configuration: http).buildServer(
      configuration: ServerConfiguration(
        address: address,
        availableConnectionsDelegate: .maximum(configuration.maxConnections, logger: quiet)),
      eventLoopGroup: EventLoopGroupProvider.singleton.eventLoopGroup, logger: quiet,
      responder: { request, writer, channel in
        try await responder.respond(to: request, with: writer, on: channel)
      }, onServerRunning: onRunning)
  }

  private func makeResponder() -> RouterResponder<APIContext> {
    let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: ProblemMiddleware(logger: logger))
    router.add(middleware: AccessMiddleware(rules: configuration.access, failures: FailureLimit()))
    var routes = makeRoutes(on: router)
    DashboardRoutes(files: configuration.dashboard).add(to: &routes)
    router.add(middleware: MethodMiddleware(table: routes.rows))
    return router.buildResponder()
  }

  /// Adds every address of the API.
  func makeRoutes(on router: Router<APIContext>) -> RouteTable {
    let guardian = Guardian(history: service.history, audit: audit, logger: logger)
    var routes = RouteTable(router: router, guardian: guardian)
    let bodies = BodyReader(
      maxJob: configuration.maxInput.rawValue * 4 / 3 + (1 << 20), maxBatch: configuration.maxBatch.rawValue,
      maxBatchJobs: configuration.maxBatchJobs)
    JobRoutes(service: service, bodies: bodies).add(to: &routes)
    ControlRoutes(service: service, bodies: bodies).add(to: &routes)
    DeadRoutes(service: service, bodies: bodies).add(to: &routes)
    WorkflowRoutes(service: service, bodies: bodies).add(to: &routes)
    LogRoutes(service: service, logger: logger).add(to: &routes)
    HistoryRoutes(history: service.history).add(to: &routes)
    RunnerRoutes(service: service).add(to: &routes)
    NodeRoutes(service: service).add(to: &routes)
    HandlerRoutes(service: service, schedules: schedules, settings: settings).add(to: &routes)
    RecordRoutes(keeping: keeping, bodies: bodies).add(to: &routes)
    ScheduleRoutes(service: schedules, catalog: service.catalog, bodies: bodies).add(to: &routes)
    EventRoutes(service: events, bodies: EventBodies(bodies: bodies)).add(to: &routes)
    HookRoutes(service: events, authentication: authentication, bodies: EventBodies(bodies: bodies))
      .add(to: &routes)
    if let metrics { MetricsRoutes(source: metrics).add(to: &routes) }
    let times = EventStream.Times(heartbeat: configuration.heartbeat, stall: configuration.stallTime)
    LiveRoutes(feed: transitions, times: times, logger: logger).add(to: &routes)
    AuditRoutes(audit: audit).add(to: &routes)
    return routes
  }
}
