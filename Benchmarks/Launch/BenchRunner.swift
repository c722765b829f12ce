import Foundation
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceHTTP
import MillraceLinux
import MillraceStore
import ServiceLifecycle
import UnixSignals

/// A runner composed as `millraced` composes it, with its defaults, that can do without cgroup controllers.
struct BenchRunner {
  private let tree: CgroupTree
  private let launcher: LocalLauncher
  private let store: SQLiteJobStore
  private let engine: Engine
  private let plugins: PluginDirectory
  private let keeper: RecordKeeper
  private let api: APIServer
  private let log: Logger

  /// Puts the parts together; nothing is served yet.
  init(_ options: RunnerOptions) async throws {
    var log = Logger(label: "runner", factory: { StreamLogHandler.standardError(label: $0) })
    log.logLevel = .warning
    let place = RunnerPlace(directory: options.directory)
    try place.make(plugin: options.plugin)
    if let record = options.record {
      try FileManager.default.copyItem(atPath: record, toPath: place.database)
    }
    store = try SQLiteJobStore(opening: place.database)
    let logs = LogFiles(directory: place.logs, cap: .mebibytes(16), log: log)
    tree = try CgroupTree.forBenchmark(withoutControllers: options.withoutControllers)
    launcher = try LocalLauncher(
      tree: tree, settings: options.launchSettings(at: place), logs: logs, logger: log)
    plugins = PluginDirectory(path: place.plugins, builds: place.builds, launcher: launcher, log: log)
    let policy = Self.policy(slots: options.slots)
    if !options.withoutControllers { try tree.wall(off: policy.capacity.memory) }
    let wall = try LinuxWallClock()
    let clock = AnchoredClock(wall: wall.now())
    engine = Engine(
      ports: Engine.Ports(
        store: store, launcher: launcher, plugins: plugins, logs: logs, clock: clock,
        schedules: Engine.ScheduleParts(store: store, source: ZonesOnly(), files: NoDirectories(), wall: wall)
      ),
      policy: policy, reception: Self.reception(policy), version: "0", pid: getpid(), boot: try Boot.id(),
      log: log)
    keeper = RecordKeeper(
      store: store, files: StateFiles(logs: place.logs, builds: place.builds), clock: clock,
      retention: Retention(), log: log,
      buildsInUse: { [engine] in
        let plugins = await engine.catalog().plugins
        return plugins.isEmpty ? nil : Set(plugins.map(\.sha256))
      })
    api = APIServer(
      serving: engine, keeping: keeper, schedules: engine,
      configuration: APIServer.Configuration(socketPath: place.socket), logger: log)
    self.log = log
  }

  /// Works until whoever holds the other end of standard input has closed it, or until SIGTERM.
  func run() async throws {
    let parts = Parts(engine: engine, plugins: plugins, keeper: keeper)
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [.init(service: api), .init(service: parts)], gracefulShutdownSignals: [.sigterm],
        logger: log))
    Self.atEndOfInput { Task { await group.triggerGracefulShutdown() } }
    try await group.run()
    await launcher.stop()
    try store.close()
    try tree.close()
  }

  private static func atEndOfInput(_ act: @escaping @Sendable () -> Void) {
    Thread.detachNewThread {
      var byte: UInt8 = 0
      while read(STDIN_FILENO, &byte, 1) > 0 {}
      act()
    }
  }

  /// What `millraced` does where nothing is configured, but for the slots.
  private static func policy(slots: Int) -> Policy {
    let memory = Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE)))
    var policy = Policy(
      slots: slots, memory: Bytes(memory / 100 * 80),
      cpuMillis: Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))) * 1000)
    policy.apply(.default)
    let given = policy.pressure.critical * (1 - policy.pressure.hysteresis)
    policy.headroom = Bytes(Int64(Double(policy.capacity.memory.rawValue) * max(0, 1 - given)))
    return policy
  }

  private static func reception(_ policy: Policy) -> Reception {
    let terms = Terms(
      limits: Limits(memory: .mebibytes(256), cpuMillis: 1000, pids: 64), timeout: .seconds(3600),
      grace: .seconds(10), maxAttempts: 1, retryDelay: .seconds(10))
    let machine = Limits(
      memory: policy.capacity.memory, cpuMillis: policy.capacity.cpuMillis, pids: 32768)
    return Reception(defaults: terms, machine: machine, maxInput: .mebibytes(64))
  }

  /// All that works beside the API; a graceful stop drains the engine.
  private struct Parts: Service {
    let engine: Engine
    let plugins: PluginDirectory
    let keeper: RecordKeeper

    func run() async throws {
      let watching = Task { try await plugins.run() }
      let keeping = Task { await keeper.run() }
      try await withGracefulShutdownHandler {
        try await engine.run()
      } onGracefulShutdown: {
        Task {
          _ = await engine.drain(atMost: .seconds(30))
          await engine.stop()
        }
      }
      watching.cancel()
      keeping.cancel()
      // Cancelled: that is how it ends.
      _ = try? await watching.value
      await keeping.value
    }
  }
}
