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
    /// The users who may call.
    package var users = PeerCredentials.ownUsers
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
  private let configuration: Configuration
  private let logger: Logger
  private let onReady: @Sendable () async -> Void

  /// Makes a server; `onReady` is called once, when clients can connect. Without `settings`, recommendations
  /// can't be applied; without `keeping`, nothing can be pruned or backed up; without `schedules`, there are
  /// none; without `events`, none are taken in; without `authentication`, no webhook is; without `metrics`,
  /// there is no such address; without `transitions`, nobody can follow what changes.
  package init(
    serving service: any JobService, settings: (any SettingsFiles)? = nil,
    keeping: (any RecordKeeping)? = nil, schedules: (any ScheduleService)? = nil,
    events: (any EventService)? = nil, authentication: (any MessageAuthentication)? = nil,
    metrics: (any MetricsSource)? = nil, transitions: (any TransitionStore)? = nil,
    configuration: Configuration, logger: Logger,
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
    self.configuration = configuration
    self.logger = logger
    self.onReady = onReady
  }

  /// Serves until the graceful shutdown of its group, then removes the socket file.
  ///
  /// - Throws: `SocketFileError` if the socket can't be made.
  package func run() async throws {
    let socket = SocketFile(path: configuration.socketPath, mode: configuration.socketMode)
    try socket.prepare()
    defer { socket.remove() }
    let failure = Mutex<(any Error)?>(nil)
    let server = try makeServer(at: socket.stagingPath) { channel in
      do {
        try socket.publish()
        await onReady()
      } catch {
        failure.withLock { $0 = error }
        channel.close(promise: nil)
      }
    }
    do {
      try await serve(server)
    } catch {
      throw failure.withLock { $0 } ?? error
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// Runs the server until it has stopped by itself, or until the time for that is up.
  private func serve(_ server: any Service) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await server.run()
        return true
      }
      group.addTask {
        try await gracefulShutdown()
        try await Task.sleep(for: configuration.stopGrace)
        return false
      }
      let hasStopped = try await group.next() ?? true
      group.cancelAll()
      guard !hasStopped else { return }
      logger.warning("connections are cut: their clients did not read their answers in time")
      while !group.isEmpty {
        // The end of a server that we have just cancelled is no error.
        _ = try? await group.next()
      }
    }
  }

  private func makeServer(
    at path: String, onRunning: @escaping @Sendable (any Channel) async -> Void
  ) throws -> any Service {
    var quiet = logger
    if quiet.logLevel == .info { quiet.logLevel = .notice }  // It logs the staging path at `info`.
    let http = HTTP1Channel.Configuration(idleTimeout: TimeAmount(configuration.idleTimeout))
    let responder = Responder(routes: makeResponder(), logger: quiet)
    return try HTTPServerBuilder.http1(configuration: http).buildServer(
      configuration: ServerConfiguration(
        address: .unixDomainSocket(path: path),
        availableConnectionsDelegate: .maximum(configuration.maxConnections, logger: quiet)),
      eventLoopGroup: EventLoopGroupProvider.singleton.eventLoopGroup, logger: quiet,
      responder: { request, writer, channel in
        try await responder.respond(to: request, with: writer, on: channel)
      }, onServerRunning: onRunning)
  }

  private func makeResponder() -> RouterResponder<APIContext> {
    let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: ProblemMiddleware(logger: logger))
    router.add(middleware: PeerMiddleware(users: configuration.users))
    router.add(middleware: MethodMiddleware(table: makeRoutes(on: router).methods))
    return router.buildResponder()
  }

  /// Adds every address that there is.
  func makeRoutes(on router: Router<APIContext>) -> RouteTable {
    var routes = RouteTable(router: router)
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
    HandlerRoutes(service: service, schedules: schedules, settings: settings).add(to: &routes)
    RecordRoutes(keeping: keeping, bodies: bodies).add(to: &routes)
    ScheduleRoutes(service: schedules, bodies: bodies).add(to: &routes)
    EventRoutes(service: events, bodies: EventBodies(bodies: bodies)).add(to: &routes)
    HookRoutes(service: events, authentication: authentication, bodies: EventBodies(bodies: bodies))
      .add(to: &routes)
    if let metrics { MetricsRoutes(source: metrics).add(to: &routes) }
    let times = EventStream.Times(heartbeat: configuration.heartbeat, stall: configuration.stallTime)
    LiveRoutes(feed: transitions, times: times, logger: logger).add(to: &routes)
    return routes
  }
}
