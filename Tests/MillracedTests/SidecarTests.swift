import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux
import MillraceYAML
import Testing
import TestSupport

@testable import millraced

@Suite("Sidecars", .timeLimit(.minutes(1)))
struct SidecarTests {
  private static func read(_ text: String) throws -> Sidecar {
    try Sidecar(text, named: "/p/libx.yaml", handlers: ["work", "rest"])
  }

  @Test("every setting is read, and comes before the author's")
  func reading() throws {
    let sidecar = try Self.read(
      """
      handlers:
        work: {memory: 80M, cpu: 0.5, pids: 7, timeout: 30s, grace: 1s, max_attempts: 2, retry_delay: 3s,
          concurrency: 4, rate: 5/min}
      """)
    let author = Handler(
      name: "work", summary: "", wishes: Wishes(memory: .gibibytes(2), timeout: .seconds(9)), concurrency: 1)
    var expected = author
    expected.wishes = Wishes(
      memory: .mebibytes(80), cpuMillis: 500, pids: 7, timeout: .seconds(30), grace: .seconds(1),
      maxAttempts: 2, retryDelay: .seconds(3))
    expected.concurrency = 4
    expected.rate = Rate(count: 5, per: .seconds(60))
    let other = Handler(name: "rest", summary: "", concurrency: 3)
    var plugin = Plugin(name: "x", version: "1", sha256: "", path: "/x.so", handlers: [author, other])
    let amended = sidecar.amended(plugin)
    plugin.handlers[0] = expected
    #expect(amended == plugin)
    for text in ["", "# nothing\n", "handlers: {}"] { #expect(try Self.read(text) == Sidecar()) }
  }

  @Test("a sidecar says whether its plugin is warm, before its author")
  func warm() throws {
    let author = Plugin(name: "x", version: "1", sha256: "", path: "/x.so", handlers: [])
    let warm = try Self.read("warm: true\nwarm_memory: 2G").amended(author)
    #expect(warm.isWarm && warm.warmMemory == .gibibytes(2))
    #expect(try !Self.read("warm: false").amended(warm).isWarm)
    #expect(try Self.read("handlers: {}").amended(warm).isWarm)
  }

  @Test("a sidecar gives jobs a user, variables and a tier")
  func processes() throws {
    let author = Plugin(
      name: "x", version: "1", sha256: "", path: "/x.so", handlers: [Handler(name: "work", summary: "")])
    let amended = try Self.read(
      "user: daemon\nenvironment: {A_1: b c, path: 7}\nhandlers: {work: {tier: cold}}"
    ).amended(author)
    let entry = try #require(getpwnam("daemon"))
    #expect(
      amended.user == JobUser(name: "daemon", uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid))
    #expect(amended.environment == ["A_1": "b c", "path": "7"])
    #expect(amended.handlers.map(\.tier) == [.cold])
    #expect(try Self.read("").amended(amended).environment == [:])
    let error = #expect(throws: FileMistakes.self) {
      try Self.read("user: root\nenvironment: {1A: b, MILLRACE_JOB: 1, A: [b], a-b: c}")
    }
    #expect(
      error?.mistakes.map(\.message) == [
        "`user` must not be root, nor have root's group",
        "`environment.1A` can't be a variable: letters, digits and `_`, no digit first",
        "`environment.MILLRACE_JOB` is set by the runner", "`environment.A` must be a text",
        "`environment.a-b` can't be a variable: letters, digits and `_`, no digit first",
      ])
  }

  @Test("every mistake is told with its place")
  func mistakes() {
    let error = #expect(throws: FileMistakes.self) {
      try Self.read(
        "handlers:\n  work: {memory: -1, cpu: NaN, mood: cold, rate: 0/min}\n  wrok: {}\nmemory: 1G\n")
    }
    #expect(
      error?.lines == [
        "/p/libx.yaml:2:18: `handlers.work.memory` must be a size from 1 MiB to 1024 TiB, like 256M, "
          + "not `-1`",
        "/p/libx.yaml:2:27: `handlers.work.cpu` must be a number of processors from 0.01 to 4096, like 1.5, "
          + "not `NaN`",
        "/p/libx.yaml:2:32: there is no setting `handlers.work.mood`; there are memory, cpu, pids, timeout, "
          + "grace, max_attempts, retry_delay, retry_factor, retry_max_delay, retry_jitter, retry_on, "
          + "memory_max, timeout_factor, start_within, finish_within, place, concurrency, rate, tier",
        "/p/libx.yaml:2:50: `handlers.work.rate` must be a rate of 1 to 10000 starts in some time, like "
          + "5/min, 100/h or 1/10s, not `0/min`",
        "/p/libx.yaml:3:3: `handlers.wrok` is no handler of this plugin, did you mean `work`?",
        "/p/libx.yaml:4:1: there is no setting `memory`; there are handlers, warm, warm_memory, "
          + "user, environment",
      ])
  }

  private static let wishes = Wishes(memory: .mebibytes(80), cpuMillis: 500, timeout: .seconds(90))

  @Test(
    "an edit changes what it must and leaves the rest as it is written",
    arguments: [
      ("", "handlers:\n  work:\n    memory: 80M\n    cpu: 0.5\n    timeout: 90s\n"),
      ("# mine", "# mine\nhandlers:\n  work:\n    memory: 80M\n    cpu: 0.5\n    timeout: 90s\n"),
      (
        "handlers:\n  # why\n  work:\n    memory: 2G  # much\n    pids: 7\n  rest: {memory: 1G}\n",
        "handlers:\n  # why\n  work:\n    cpu: 0.5\n    timeout: 90s\n    memory: 80M  # much\n    pids: 7\n"
          + "  rest: {memory: 1G}\n"
      ),
      (
        "handlers: {work: {memory: 2G, timeout: 1h}}",
        "handlers: {work: {cpu: 0.5, memory: 80M, timeout: 90s}}"
      ),
      ("handlers: {work: { }}", "handlers: {work: {memory: 80M, cpu: 0.5, timeout: 90s}}"),
      ("handlers: {}", "handlers: {work: {memory: 80M, cpu: 0.5, timeout: 90s}}"),
      (
        "handlers:\n  rest: {memory: 1G}\n",
        "handlers:\n  work: {memory: 80M, cpu: 0.5, timeout: 90s}\n  rest: {memory: 1G}\n"
      ),
      (
        "handlers: {rest: {memory: 1G}}",
        "handlers: {work: {memory: 80M, cpu: 0.5, timeout: 90s}, rest: {memory: 1G}}"
      ),
      (
        "# ü 🙂\nhandlers: {work: {memory: 2G}} # ü\n",
        "# ü 🙂\nhandlers: {work: {cpu: 0.5, timeout: 90s, memory: 80M}} # ü\n"
      ),
    ])
  func edits(before: String, after: String) throws {
    let changed = try #require(try SidecarEdit(of: Self.wishes, for: "work").applied(to: before))
    #expect(changed == after)
    let read = try Self.read(changed)
    #expect(read.settings["work"]?.wishes.memory == .mebibytes(80))
    #expect(read.settings["work"]?.wishes.timeout == .seconds(90))
    #expect(try read.settings["rest"] == Self.read(before).settings["rest"])
  }

  // MARK: Files

  /// A plugin directory with one plugin, and the sidecars of it.
  private struct Stage {
    let directory: TemporaryDirectory
    let sidecars: Sidecars

    var file: String { directory.path + "/libx.yaml" }

    init(overrides: [String: Configuration.HandlerSettings] = [:]) throws {
      directory = try TemporaryDirectory()
      sidecars = Sidecars(directory: directory.path, overrides: overrides)
      try Data().write(to: URL(filePath: directory.path + "/libx.so"))
    }

    func write(_ text: String) throws {
      try Data(text.utf8).write(to: URL(filePath: file))
      chmod(file, 0o644)
    }

    var text: String {
      get throws { String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self) }
    }

    func amend() -> Catalog {
      let handlers = [Handler(name: "work", summary: ""), Handler(name: "rest", summary: "")]
      return sidecars.amend(
        Catalog(plugins: [Sample.plugin("x", handlers: handlers)], refused: []),
        files: ["x": directory.path + "/libx.so"])
    }
  }

  @Test("a sidecar with mistakes leaves its last settings in force, and says so")
  func lastGood() throws {
    let stage = try Stage()
    #expect(stage.amend().refused.isEmpty)
    try stage.write("handlers: {work: {memory: lots}}")
    let first = stage.amend()
    #expect(first.plugins[0].handlers[0].wishes == Wishes())
    #expect(first.refused.map(\.path) == [stage.file])
    #expect(
      first.refused.first?.reason.contains("\(stage.file):1:27: `handlers.work.memory` must be") == true)
    #expect(first.refused.first?.reason.hasSuffix("; its last settings stay in force") == true)
    try stage.write("handlers: {work: {memory: 80M}}")
    #expect(stage.amend().plugins[0].handlers[0].wishes.memory == .mebibytes(80))
    try stage.write("handlers: {work: {memory: 80M}")
    let broken = stage.amend()
    #expect(broken.plugins[0].handlers[0].wishes.memory == .mebibytes(80))
    #expect(broken.refused.count == 1)
    unlink(stage.file)
    #expect(stage.amend().plugins[0].handlers[0].wishes == Wishes())
  }

  @Test("what others could write, links and files that are none are refused")
  func trust() throws {
    let stage = try Stage()
    try stage.write("handlers: {work: {memory: 80M}}")
    chmod(stage.file, 0o666)
    #expect(stage.amend().refused.first?.reason.contains("others may write to it") == true)
    unlink(stage.file)
    let other = stage.directory.path + "/other"
    try Data("handlers: {work: {memory: 80M}}".utf8).write(to: URL(filePath: other))
    symlink(other, stage.file)
    #expect(stage.amend().refused.first?.reason.contains("it is a symbolic link") == true)
    #expect(stage.amend().plugins[0].handlers[0].wishes == Wishes())
    unlink(stage.file)
    mkfifo(stage.file, 0o600)
    #expect(stage.amend().refused.first?.reason.contains("it is no regular file") == true)
    unlink(stage.file)
    try Data().write(to: URL(filePath: stage.directory.path + "/x.yaml"))
    #expect(stage.amend().refused.map(\.reason) == ["there is no `x.so` beside it"])
    guard geteuid() == 0 else { return }  // Only root can give a file away.
    try stage.write("")
    chown(stage.file, 4242, 4242)
    #expect(stage.amend().refused.first?.reason.contains("user 4242 owns it") == true)
  }

  @Test("a recommendation is written beside the plugin, and other settings stay")
  func writing() async throws {
    let stage = try Stage()
    await #expect(throws: Refusal.self) { try await stage.sidecars.write(Self.wishes, for: "work") }
    _ = stage.amend()
    #expect(try await stage.sidecars.write(Wishes(memory: .mebibytes(96)), for: "work") == stage.file)
    #expect(try stage.text == "handlers:\n  work:\n    memory: 96M\n")
    #expect(stage.amend().plugins[0].handlers[0].wishes == Wishes(memory: .mebibytes(96)))
    _ = try await stage.sidecars.write(Wishes(timeout: .seconds(60)), for: "rest")
    #expect(try stage.text == "handlers:\n  rest: {timeout: 1m}\n  work:\n    memory: 96M\n")
    let names = try FileManager.default.contentsOfDirectory(atPath: stage.directory.path)
    #expect(names.sorted() == ["libx.so", "libx.yaml"])
  }

  @Test("a file with mistakes, one that can't be changed in place and one that comes second are left alone")
  func conflicts() async throws {
    let above = Configuration.HandlerSettings(wishes: Wishes(memory: .gibibytes(1)))
    let stage = try Stage(overrides: ["rest": above])
    _ = stage.amend()
    for text in ["handlers: {work: 7}", "handlers:\n  work:\n    memory: >-\n      2G\n"] {
      try stage.write(text)
      let refusal = await #expect(throws: Refusal.self) {
        try await stage.sidecars.write(Self.wishes, for: "work")
      }
      #expect(refusal?.kind == .conflict)
      #expect(try stage.text == text)
    }
    let second = await #expect(throws: Refusal.self) {
      try await stage.sidecars.write(Self.wishes, for: "rest")
    }
    #expect(second?.message.contains("`handlers.rest.memory`, which comes before") == true)
    #expect(second?.hint?.contains("memory: 80M, cpu: 0.5, timeout: 90s") == true)
  }

  @Test("in a plugin directory that is watched, a sidecar is in force when it is written, and gone with it")
  func watched() async throws {
    let directory = try TemporaryDirectory()
    for name in ["/plugins", "/builds"] { mkdir(directory.path + name, 0o755) }
    let sidecars = Sidecars(directory: directory.path + "/plugins", overrides: [:])
    let plugins = PluginDirectory(
      PluginDirectory.Settings(path: directory.path + "/plugins", builds: directory.path + "/builds"),
      launcher: Describing(), history: MemoryJobStore(), log: Logger(label: "test"),
      clock: ManualClock(), amend: { sidecars.amend($0, files: $1) })
    let run = Task { try await plugins.run() }
    defer { run.cancel() }
    var catalogs = plugins.catalogs.makeAsyncIterator()
    func memory(_ expected: Bytes?) async throws {
      while let catalog = await catalogs.next() {
        let plugin = catalog.plugins.first
        if let plugin, plugin.handlers.first?.wishes.memory == expected { return }
      }
      throw TestFailure("no such catalog came")
    }
    let plugin = directory.path + "/plugins/libx.so"
    try Data("x".utf8).write(to: URL(filePath: directory.path + "/x"))
    chmod(directory.path + "/x", 0o644)
    rename(directory.path + "/x", plugin)
    try await memory(nil)
    let file = try await sidecars.write(Wishes(memory: .mebibytes(80)), for: "work")
    try await memory(.mebibytes(80))
    unlink(file)
    try await memory(nil)
  }

  /// Describes each file as the plugin `x` with a handler.
  private struct Describing: Launcher {
    let events = AsyncStream<LaunchEvent> { $0.finish() }

    func takeOver(open: [KeptAttempt]) async throws -> [AttemptID] { [] }
    func launch(_ plan: LaunchPlan) async {}
    func release(_ attempts: [AttemptID]) async {}
    func audit(expecting: Set<AttemptID>) async -> Audit { Audit() }
    func terminate(_ attempt: AttemptID) async {}
    func kill(_ attempt: AttemptID) async {}
    func freeze(_ attempt: AttemptID) async {}
    func thaw(_ attempt: AttemptID) async {}
    func hosts() async -> [WarmHostState] { [] }
    func reclaim() async {}
    func sample() async -> (attempts: [AttemptID: UsageSample], machine: MachineSample) {
      ([:], MachineSample())
    }
    func describe(_ file: String) async throws -> Plugin {
      Plugin(
        name: "x", version: "1", sha256: "", path: file, handlers: [Handler(name: "work", summary: "")])
    }
  }
}
