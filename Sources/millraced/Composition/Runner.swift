import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceHTTP
import MillraceLinux
import MillraceSlurm
import MillraceStore
import MillraceTracing
import MillraceZones
import ServiceLifecycle
import UnixSignals

/// The composition: the only place that knows every part.
final class Runner: Sendable {
  private let lock: StateLock
  private let tree: CgroupTree
  private let launcher: LocalLauncher
  /// Nil if all jobs run here.
  private let cluster: SlurmLauncher?
  private let engine: Engine
  private let plugins: PluginDirectory
  private let keeper: RecordKeeper
  private let schedules: ScheduleDirectory
  private let directories: DirectoryEvents
  private let api: APIServer
  /// Nil if no spans are written.
  private let traces: TraceWriter?
  private let drain: Duration
  private let log: Logger

  /// Puts the parts together; nothing is served yet.
  /// - Throws: what is wrong with a directory, the database, the cgroups or a user's name.
  init(
    _ configuration: Configuration, from file: String, drain: Duration, threshold: LogThreshold, log: Logger
  ) async throws {
    let state = try StateDirectory(configuration.state)
    lock = try StateLock(state: state.path)
    let runtime = StateDirectory.parent(of: configuration.socket)
    for directory in [runtime, configuration.plugins] { try StateDirectory.make(directory, mode: 0o755) }
    let store = try SQLiteJobStore(opening: configuration.database)
    let logs = LogFiles(directory: state.logs, cap: configuration.bounds.log, log: log)
    let mount = try CgroupMount.current().path
    tree = try CgroupTree(root: configuration.cgroupRoot.group(belowMount: mount))
    let launchSettings = try Self.launchSettings(configuration, state: state, runtime: runtime)
    launcher = try LocalLauncher(tree: tree, settings: launchSettings, logs: logs, logger: log)
    cluster = try Self.cluster(configuration.slurm, like: launchSettings, state: state, logs: logs, log)
    let sidecars = Sidecars(directory: configuration.plugins, overrides: configuration.handlers)
    let machine = Machine.current().within(try tree.bounds())
    var policy = machine.policy(configuration)
    policy.seed = .random(in: .min ... .max)
    try tree.wall(off: policy.capacity.memory)
    let settings = LiveSettings(over: configuration, of: file, on: machine, log: threshold) { [tree] in
      try tree.wall(off: $0)
    }
    schedules = try ScheduleDirectory(
      schedules: configuration.schedules, calendars: configuration.calendars,
      zones: ZoneDirectory.current(environment: Surroundings.variable),
      variable: Surroundings.variable("TZ"))
    let wall = try LinuxWallClock(onStep: { [schedules] in schedules.lookAtZones() })
    let clock = AnchoredClock(wall: try await Self.startTime(by: wall, after: store, log))
    plugins = PluginDirectory(
      Self.pluginSettings(configuration, state: state), launcher: launcher, history: store, log: log,
      clock: clock, amend: { sidecars.amend($0, files: $1) })
    directories = try DirectoryEvents(DirectoryEvents.Settings(state: state.path))
    engine = Engine(
      ports: Engine.Ports(
        store: store, launcher: launcher, cluster: cluster, plugins: plugins, logs: logs, clock: clock,
        settings: settings,
        schedules: Engine.ScheduleParts(store: store, source: schedules, files: directories, wall: wall)),
      policy: policy, reception: machine.reception(configuration),
      version: Millraced.version, pid: getpid(), boot: try Boot.id(), isTraced: configuration.tracing != nil,
      log: log)
    traces = configuration.tracing.map {
      TraceWriter(following: store, history: store, settings: $0, version: Millraced.version, log: log)
    }
    keeper = RecordKeeper(
      store: store, files: StateFiles(logs: state.logs, builds: state.builds), clock: clock,
      retention: configuration.retention, log: log,
      buildsInUse: { [engine, plugins] in
        await engine.buildsInUse?.union(await plugins.neededBuilds())
      })
    api = APIServer(
      serving: engine, settings: sidecars, keeping: keeper, schedules: engine, events: engine,
      authentication: SecretFiles(), metrics: engine, transitions: store, audit: store,
      configuration: try Self.server(configuration, log), logger: log
    ) {
      log.notice("ready", metadata: ["socket": "\(configuration.socket)", "state": "\(state.path)"])
      Self.tellSystemd(log)
    }
    self.drain = drain
    self.log = log
  }

  /// Works until SIGTERM or SIGINT; then drains, stops the parts in turn and leaves the cgroups.
  func run() async throws {
    // The API is stopped last, so that it can be asked while the engine drains.
    let services: [any Service] =
      [api] + (traces.map { [TraceService(traces: $0)] } ?? []) + [
        PluginService(plugins: plugins), KeepingService(keeper: keeper),
        ScheduleFilesService(schedules: schedules), HeapService(),
        EngineService(engine: engine, drain: drain, log: log),
      ]
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services.map { .init(service: $0) },
        gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
    do {
      try await group.run()
    } catch {
      await close()
      throw error
    }
    await close()
  }

  private func close() async {
    directories.stop()
    await cluster?.stop()
    await launcher.stop()
    do { try tree.close() } catch {
      log.warning("cgroups not left", metadata: ["error": "\(error)"])
    }
  }

  private static func pluginSettings(
    _ configuration: Configuration, state: StateDirectory
  ) -> PluginDirectory.Settings {
    var settings = PluginDirectory.Settings(path: configuration.plugins, builds: state.builds)
    settings.crashes = configuration.pluginCrashes
    settings.allowedSigners = configuration.allowedSigners
    return settings
  }

  private static func launchSettings(
    _ configuration: Configuration, state: StateDirectory, runtime: String
  ) throws -> LaunchSettings {
    try checkIDs(configuration.warm)
    return LaunchSettings(
      host: configuration.host, keeperSocket: runtime + "/keeper.sock", workDirectory: state.work,
      identity: try identity(of: configuration.user), preload: configuration.preload,
      pluginIdentities: try configuration.pluginUsers.mapValues { try identity(of: $0) },
      tiers: configuration.handlers.compactMapValues(\.tier), tier: configuration.tier,
      warm: configuration.warm, maxOpenFiles: configuration.bounds.openFiles,
      maxResult: configuration.bounds.result)
  }

  /// Where the API is served, and to whom.
  private static func server(
    _ configuration: Configuration, _ log: Logger
  ) throws -> APIServer.Configuration {
    var server = APIServer.Configuration(socketPath: configuration.socket)
    server.tcp = configuration.access.listen
    server.access = try rules(configuration.access)
    server.socketGroup = server.access.group
    server.socketMode = configuration.socketMode ?? (server.access.group == nil ? 0o600 : 0o660)
    server.maxInput = configuration.bounds.input
    server.dashboard = dashboard(in: configuration.dashboard, log)
    return server
  }

  /// Who may call, by the names that the configuration gives.
  private static func rules(_ access: AccessSettings) throws -> AccessRules {
    var rules = AccessRules()
    rules.tokens = access.tokens.map { TokenFile(path: $0) }
    rules.hosts = Set(access.hosts)
    guard let group = access.group else { return rules }
    guard let entry = getgrnam(group) else {
      throw LinuxError(
        "let the group `\(group)` submit jobs", .missing("there is no such group"),
        hint: "groupadd --system \(group), or change `access: {group: …}` in the configuration")
    }
    rules.group = entry.pointee.gr_gid
    return rules
  }

  /// The page for browsers; the runner does its work without it, too.
  private static func dashboard(in directory: String, _ log: Logger) -> DashboardFiles? {
    do { return try DashboardFiles(directory: directory) } catch {
      log.notice("no dashboard", metadata: ["reason": "\(error)"])
      return nil
    }
  }

  private static func tellSystemd(_ log: Logger) {
    let failure = ServiceManager.tellReady()
    guard failure != 0 else { return }
    let reason = String(cString: strerror(failure))
    log.error("systemd could not be told", metadata: ["reason": "\(reason)"])
  }

  /// The user of jobs: only root can choose another than its own.
  static func identity(of user: String) throws -> LaunchSettings.Identity {
    guard geteuid() == 0 else { return LaunchSettings.Identity(uid: geteuid(), gid: getegid()) }
    guard let entry = getpwnam(user) else {
      throw LinuxError(
        "run jobs as `\(user)`", .missing("there is no such user"), hint: "set `user` in the configuration")
    }
    return LaunchSettings.Identity(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
  }

  /// The ids of warm hosts must be nobody's: whoever had them could reach into the hosts.
  private static func checkIDs(_ warm: WarmSettings) throws {
    guard geteuid() == 0, warm.hosts > 0 else { return }
    let hosts = warm.firstID + 1...warm.firstID + UInt32(warm.hosts)
    let isTaken = getgrgid(warm.firstID) != nil || hosts.contains { getpwuid($0) != nil }
    guard isTaken else { return }
    throw LinuxError(
      "give warm hosts the ids from \(warm.firstID) on", .forbidden("a user or group has one of them"),
      hint: "set `warm: {first_id: …}` to where \(warm.hosts + 1) ids are free")
  }

  /// The wall clock's time, but never before what is on record: with a clock that was set back, newcomers
  /// would overtake whoever waits.
  private static func startTime(
    by clock: LinuxWallClock, after store: SQLiteJobStore, _ log: Logger
  ) async throws -> Timestamp {
    let wall = clock.now()
    guard let newest = try await store.newestTime(), newest > wall else { return wall }
    log.warning(
      "the clock was set back; the runner counts on from the newest time on record",
      metadata: ["by": "\((newest - wall).text)"])
    return newest
  }
}
