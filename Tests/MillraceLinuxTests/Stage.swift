import CMillraceLinux
import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import Synchronization
import TestSupport

@testable import MillraceLinux

/// A cgroup, directories and a plugin of their own, in which launchers run one after the other.
///
/// A process can be in one cgroup only, so stages are used by one test at a time, and closed at its end.
final class Stage: Sendable {
  let tree: CgroupTree
  let directory: TemporaryDirectory
  let settings: LaunchSettings
  let logs: LogFiles
  let plugin: Plugin

  private static let count = Atomic(0)
  /// Keepers that outlived their launcher: unlike a runner, this process goes on and must reap them.
  private let orphans = Mutex<Set<Int32>>([])

  /// Whom jobs become; also what `millrace-host describe` takes.
  static let nobody = LaunchSettings.Identity(uid: 65534, gid: 65534)

  init(
    host: String = LauncherFixture.host, maxResult: Bytes = .mebibytes(1), tier: StartTier = .template,
    warm: WarmSettings = WarmSettings()
  ) throws {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    tree = try CgroupTree(root: "/millrace-test-\(getpid())-\(number)", needed: [])
    directory = try TemporaryDirectory()
    chmod(directory.path, 0o711)
    for name in ["work", "logs", "builds"] { mkdir("\(directory.path)/\(name)", 0o711) }
    let library = directory.path + "/libfixture.so"
    try LauncherFixture.build(at: library)
    chmod(library, 0o755)
    settings = LaunchSettings(
      host: host, keeperSocket: directory.path + "/keeper.sock", workDirectory: directory.path + "/work",
      identity: Self.nobody, tier: tier, warm: warm, maxResult: maxResult)
    logs = LogFiles(directory: directory.path + "/logs", cap: .mebibytes(1), log: Logger(label: "test"))
    plugin = Plugin(name: "fixture", version: "1.2.3", sha256: library, path: library, handlers: [])
  }

  /// Gives `body` a stage and removes everything of it afterwards.
  static func use(
    host: String = LauncherFixture.host, maxResult: Bytes = .mebibytes(1),
    tier: StartTier = .template, warm: WarmSettings = WarmSettings(), _ body: (Stage) async throws -> Void
  ) async throws {
    let stage = try Stage(host: host, maxResult: maxResult, tier: tier, warm: warm)
    do {
      try await body(stage)
    } catch {
      try stage.close()
      throw error
    }
    try stage.close()
  }

  /// Gives `body` a launcher on a stage; both are gone afterwards.
  static func launcher(
    maxResult: Bytes = .mebibytes(1), tier: StartTier = .template, warm: WarmSettings = WarmSettings(),
    _ body: (Stage, Actor) async throws -> Void
  ) async throws {
    try await use(maxResult: maxResult, tier: tier, warm: warm) { stage in
      try await stage.launcher { try await body(stage, $0) }
    }
  }

  /// Gives `body` a launcher, which is stopped afterwards.
  func launcher(_ body: (Actor) async throws -> Void) async throws {
    let actor = try Actor(self)
    do {
      try await body(actor)
    } catch {
      await actor.stop()
      throw error
    }
    await actor.stop()
  }

  /// A launcher with the record of what it told.
  struct Actor {
    let launcher: LocalLauncher
    let record = EventRecord()
    private let reader: Task<Void, Never>
    private let stage: Stage

    init(_ stage: Stage) throws {
      launcher = try stage.makeLauncher()
      self.stage = stage
      reader = Task { [record, launcher] in await record.read(launcher.events) }
    }

    /// Starts an attempt at a job.
    func launch(
      _ job: Int64, _ handler: String, parameters: JSONValue = .object([:]), input: [UInt8]? = nil,
      plugin: Plugin? = nil, affinity: String? = nil
    ) -> AttemptID {
      let id = AttemptID(job: JobID(job), number: 1)
      var plan = stage.plan(
        id, handler, plugin: plugin ?? stage.plugin, parameters: parameters, input: input)
      plan.payload.affinity = affinity
      launcher.launch(plan)
      return id
    }

    /// Waits until an attempt has ended, and lets go of it.
    func ended(_ id: AttemptID) async throws -> AttemptReport {
      let report = try await record.ended(id)
      launcher.release([id])
      _ = await launcher.sample()  // What was asked before this has been done.
      return report
    }

    /// Runs a job to its end.
    func run(
      _ job: Int64, _ handler: String, parameters: JSONValue = .object([:]), input: [UInt8]? = nil,
      plugin: Plugin? = nil, affinity: String? = nil
    ) async throws -> AttemptReport {
      try await ended(
        launch(
          job, handler, parameters: parameters, input: input, plugin: plugin, affinity: affinity))
    }

    /// Stops the launcher and waits until all that it told was read.
    func stop() async {
      stage.noteKeepers()
      await launcher.stop()
      await reader.value
    }
  }

  func makeLauncher() throws -> LocalLauncher {
    try LocalLauncher(tree: tree, settings: settings, logs: logs, logger: Logger(label: "test"))
  }

  /// Limits that nobody reaches.
  static let limits = Limits(memory: .mebibytes(64), cpuMillis: 1000, pids: 32)

  /// Makes a leaf without controllers.
  func leaf(_ name: String = "1.1") throws -> Leaf {
    try Leaf(name: name, in: group(controllers: []), limits: Self.limits, priority: .default)
  }

  /// The group of a plugin, as if its leaves had these controllers.
  func group(controllers: [String]) throws -> PluginGroup {
    let name = try tree.pluginGroup("fixture").name
    return PluginGroup(
      name: name,
      directory: try Descriptor(opening: "\(tree.jobsPath)/\(name)", flags: O_RDONLY | O_DIRECTORY),
      controllers: controllers)
  }

  /// What starts an attempt with limits that nobody reaches.
  func plan(
    _ id: AttemptID, _ handler: String, plugin: Plugin, parameters: JSONValue = .object([:]),
    input: [UInt8]? = nil, checkpoint: [UInt8]? = nil, outputs: [Output] = []
  ) -> LaunchPlan {
    var payload = StoredPayload(parameters: parameters, input: input, traceParent: nil)
    payload.checkpoint = checkpoint
    payload.outputs = outputs
    return
      LaunchPlan(
        attempt: id, handler: handler, plugin: plugin,
        limits: Self.limits, priority: .default,
        deadline: Timestamp(microseconds: 4_000_000_000_000_000),
        payload: payload)
  }

  /// A plugin that was built beside the test bundle, where jobs can read it.
  func shipped(_ name: String) throws -> Plugin {
    let path = "\(directory.path)/lib\(name).so"
    if access(path, F_OK) != 0 {
      try FileManager.default.copyItem(atPath: "\(LauncherFixture.products)/lib\(name).so", toPath: path)
      chmod(path, 0o755)
    }
    return Plugin(name: name, version: "", sha256: path, path: path, handlers: [])
  }

  /// A plugin for warm hosts, made different by a macro.
  func warm(_ macro: String? = nil) throws -> Plugin {
    let number = Self.count.add(1, ordering: .relaxed).newValue
    let path = "\(directory.path)/libwarm-\(number).so"
    try FileManager.default.copyItem(atPath: try FixturePlugin.warm(macro), toPath: path)
    chmod(path, 0o755)
    var shows = Handler(name: "shows", summary: "")
    shows.preparesForKeys = true
    var plugin = Plugin(name: "warm", version: "1", sha256: path, path: path, handlers: [shows])
    plugin.isWarm = true
    plugin.hasWarmUp = true
    return plugin
  }

  /// The processes in the keeper's group.
  func keepers() throws -> [Int32] { try members(of: "keeper") }

  /// The processes of an attempt.
  func processes(_ id: AttemptID, plugin: String = "fixture") throws -> [Int32] {
    try processes(in: "\(plugin)/\(id)")
  }

  /// The processes of a leaf or of a warm host, `plugin/host-1`.
  func processes(in group: String) throws -> [Int32] { try members(of: "p/\(group)") }

  private func members(of group: String) throws -> [Int32] {
    // One that is just dying has no number any more: 0.
    try textFile("\(tree.path)/\(group)/cgroup.procs").split(separator: "\n").compactMap { Int32($0) }
      .filter { $0 > 0 }
  }

  /// The files of an attempt's leaf that freeze it and tell of it.
  func freezer(_ id: AttemptID) -> Freezer { Freezer(leaf: "\(tree.path)/p/fixture/\(id)") }

  /// The leaves of attempts that are there, as `plugin/attempt`.
  func leaves() throws -> [String] { try groups().filter { !$0.contains("/host-") } }

  /// The cgroups of warm hosts that are there, as `plugin/host-1`.
  func hosts() throws -> [String] { try groups().filter { $0.contains("/host-") } }

  private func groups() throws -> [String] { try tree.leaves().map { "\($0.plugin)/\($0.leaf)" } }

  /// The work directories that are there.
  func workDirectories() throws -> [String] { try CgroupTree.subdirectories(settings.workDirectory) }

  /// The kept log of an attempt as text.
  func log(_ id: AttemptID) throws -> String {
    String(decoding: try logs.read(id, from: 0, atMost: 16 << 20) ?? [], as: UTF8.self)
  }

  /// Notes which keepers there are, before their launcher goes.
  func noteKeepers() {
    // Without the group there is no keeper.
    let keepers = (try? keepers()) ?? []
    orphans.withLock { $0.formUnion(keepers) }
  }

  private func close() throws {
    noteKeepers()
    for group in ["keeper"] + (try groups().map { "p/\($0)" }) { try empty(tree.path + "/" + group) }
    for keeper in orphans.withLock({ $0 }) { waitpid(keeper, nil, 0) }
    for leaf in try groups() { rmdir("\(tree.path)/p/\(leaf)") }
    try tree.close()
    if access(tree.path, F_OK) == 0 { try moveStrangers() }
    guard access(tree.path, F_OK) != 0 else { throw TestFailure("the stage's cgroup is still there") }
  }

  /// Programs that other tests started meanwhile were born in the group that this process was in.
  private func moveStrangers() throws {
    let own = try textFile("/proc/self/cgroup").split(separator: "\n").first { $0.hasPrefix("0::") }?
      .dropFirst(3)
    let mount = String(tree.path[..<(tree.path.lastIndex(of: "/") ?? tree.path.endIndex)])
    let group = "\(mount)\(own ?? "")/cgroup.procs"
    for pid in try textFile(tree.path + "/runner/cgroup.procs").split(separator: "\n") {
      do { try CgroupTree.writeFile(group, String(pid)) } catch let error as LinuxError {
        guard error.reason == .kernel(ESRCH) else { throw error }  // It has ended.
      }
    }
    rmdir(tree.path + "/runner")
    rmdir(tree.path)
  }

  /// Kills what is in a group and waits until it is gone.
  private func empty(_ group: String) throws {
    let population = Population(try KernelFile(opening: group + "/cgroup.events", name: group))
    let end = ContinuousClock.now + .seconds(30)
    // Again and again: one that is just born may escape (docs/decisions/0011).
    while try population.isAny() {
      guard ContinuousClock.now < end else { throw TestFailure("\(group) is not empty") }
      try CgroupTree.writeFile(group + "/cgroup.kill", "1")
      var poller = pollfd(fd: population.descriptor, events: Int16(POLLPRI), revents: 0)
      poll(&poller, 1, 100)
    }
  }
}
