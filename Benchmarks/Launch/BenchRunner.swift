import Foundation
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceHTTP
import MillraceLinux
import MillraceStore
import MillraceTracing
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
  private let traces: TraceWriter?
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
    let policy = Self.policy(slots: options.slots)
    if !options.withoutControllers { try tree.wall(off: policy.capacity.memory) }
    let wall = try LinuxWallClock()
    let clock = AnchoredClock(wall: wall.now())
    plugins = PluginDirectory(
      PluginDirectory.Settings(path: place.plugins, builds: place.builds), launcher: launcher,
      history: store, log: log, clock: clock)
    engine = Engine(
      ports: Engine.Ports(
        store: store, launcher: launcher, plugins: plugins, logs: logs, clock: clock,
        schedules: Engine.ScheduleParts(store: store, source: ZonesOnly(), files: NoDirectories(), wall: wall)
      ),
      policy: policy, reception: Self.reception(policy), version: "0", pid: getpid(), boot: try Boot.id(),
      isTraced: options.traced, log: log)
    traces =
      options.traced
      ? TraceWriter(
        following: store, history: store, settings: TraceWriter.Settings(file: place.spans), version: "0",
        log: log) : nil
    keeper = RecordKeeper(
      store: store, files: StateFiles(logs: place.logs, builds: place.builds), clock: clock,
      retention: Retention(), log: log,
      buildsInUse: { [engine] in
        let plugins = await engine.catalog().plugins
        return plugins.isEmpty ? nil : Set(plugins.map(\.sha256))
      })
    api = APIServer(
      serving: engine, keeping: keeper, schedules: engine, events: engine, metrics: engine,
      transitions: store, audit: store, configuration: try Self.server(at: place, options), logger: log)
    self.log = log
  }

  /// Where it listens. Over TCP one token may do everything.
  private static func server(
    at place: RunnerPlace, _ options: RunnerOptions
  ) throws -> APIServer.Configuration {
    var configuration = APIServer.Configuration(socketPath: place.socket)
    guard options.remote else { return configuration }
    let token = Token(name: "bench", role: .admin)
    try Data((token.line + "\n").utf8).write(to: URL(fileURLWithPath: place.tokens))
    guard chmod(place.tokens, 0o600) == 0 else { throw BenchmarkError("cannot protect `\(place.tokens)`") }
    try Data(token.secret.utf8).write(to: URL(fileURLWithPath: place.token))
    configuration.access.tokens = TokenFile(path: place.tokens)
    configuration.tcp = TCPAddress(host: "127.0.0.1", port: 0)
    configuration.onListening = { port in
      let isWritten = FileManager.default.createFile(atPath: place.port, contents: Data("\(port)".utf8))
      precondition(isWritten, "cannot write `\(place.port)`")
    }
    return configuration
  }

  /// Works until whoever holds the other end of standard input has closed it, or until SIGTERM.
  func run() async throws {
    let parts = Parts(engine: engine, plugins: plugins, keeper: keeper, traces: traces)
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
    let traces: TraceWriter?

    func run() async throws {
      let watching = Task { try await plugins.run() }
      let keeping = Task { await keeper.run() }
      let trimming = Task { await Heap.keepTrim() }
      let tracing = Task { await traces?.run() }
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
      trimming.cancel()
      // Cancelled: that is how it ends.
      _ = try? await watching.value
      await keeping.value
      await trimming.value
      tracing.cancel()
      await tracing.value
    }
  }
}
