import ArgumentParser
import FoundationEssentials
import Logging
import MillraceCore
import MillraceTracing
import MillraceYAML
import Testing
import TestSupport

@testable import millraced

@Suite("The configuration")
struct ConfigurationTests {
  static let root = Surroundings(
    isRoot: true, user: 0, home: "/root", variables: [:], programDirectory: "/usr/bin", isInstalled: true)
  static let standard = Configuration.standard(in: root)

  private static func read(_ text: String) throws -> Configuration {
    try ConfigurationReader.read(text, named: "m.yaml", over: standard)
  }

  /// The lines of the error, without the hint.
  @Test("plugins are a path, or a section with what else holds for them")
  func plugins() throws {
    #expect(try Self.read("plugins: /p").plugins == "/p")
    let configuration = try Self.read("plugins: {directory: /p, crashes: 2, allowed_signers: /a}")
    #expect(configuration.plugins == "/p" && configuration.pluginCrashes == 2)
    #expect(configuration.allowedSigners == "/a")
    let mistakes = Self.mistakes("plugins: {crashes: 0, signers: x}")
    #expect(mistakes.count == 2 && mistakes.allSatisfy { $0.contains("plugins.") }, "\(mistakes)")
  }

  private static func mistakes(_ text: String) -> [String] {
    let error = #expect(throws: FileMistakes.self) { try read(text) }
    let lines = error?.description.split(separator: "\n") ?? []
    #expect(lines.last?.hasPrefix("hint: ") == true)
    return lines.dropLast().map { String($0) }
  }

  @Test("the file that ships says what the defaults are, and changes nothing")
  func shippedFile() throws {
    let file = URL(filePath: #filePath).appending(path: "../../../etc/millrace.yaml").standardized
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(try Self.read(text) == Self.standard)
    let settings = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let isProse = line.hasPrefix("# ") && !line.hasPrefix("#  ")
      return isProse ? "#" : line.dropFirst()
    }
    var blank = Self.standard
    blank.state = ""
    blank.plugins = ""
    blank.pluginCrashes = 1
    (blank.schedules, blank.calendars) = ("", "")
    blank.socket = ""
    (blank.host, blank.dashboard) = ("", "")
    blank.user = ""
    blank.capacity = .init(memory: .percent(1), cpuMillis: .percent(1), slots: 1, overcommit: 1)
    blank.queue = .init(
      maxQueued: 1, aging: .zero, policy: .fcfs, backfillWindow: nil, stagger: .seconds(1))
    blank.pressure.warning = 0.01
    blank.pressure.critical = 0.02
    blank.pressure.availableWarning = 0.5
    blank.pressure.availableCritical = 0.4
    blank.pressure.stallWarning = 1
    blank.pressure.stallCritical = 2
    blank.pressure.freezeAfter = nil
    blank.pressure.evictAfter = .zero
    blank.learning = .init(isOn: false, window: 20)
    blank.groups = ["x": GroupRules()]
    blank.fairShare = FairShareRules(label: "x")
    blank.bounds = .init(input: .zero, result: .zero, log: .zero, openFiles: 0)
    (blank.retention.succeeded, blank.retention.failed, blank.retention.cancelled) = (nil, nil, nil)
    (blank.retention.logs, blank.retention.bytes) = (nil, nil)
    (blank.retention.ticks, blank.retention.events, blank.retention.transitions) = (nil, nil, nil)
    blank.defaults = Terms(
      limits: Limits(memory: .zero, cpuMillis: 0, pids: 0), timeout: .zero, grace: .zero, maxAttempts: 0,
      retryDelay: .zero)
    (blank.defaults.retry.factor, blank.defaults.retry.jitter, blank.defaults.retry.causes) = (3, 1, [])
    blank.defaults.retry.timeoutFactor = 9
    (blank.breaker, blank.poisonAfter) = (nil, 9)
    blank.tracing = TraceWriter.Settings(file: "/x")
    blank.tier = .cold
    blank.logLevel = .critical
    blank.cgroupRoot = .path("/")
    blank.preload = ["x"]
    blank.handlers = ["x": .init()]
    blank.pluginUsers = ["x": "y"]
    let uncommented = settings.joined(separator: "\n")
    let read = try ConfigurationReader.read(uncommented, named: "m.yaml", over: blank)
    #expect(read == Self.standard)
  }

  @Test("an empty file, a file of comments and a missing usual file are the defaults")
  func empty() throws {
    for text in ["", "\n", "# nothing\n", "---\n"] { #expect(try Self.read(text) == Self.standard) }
  }

  @Test("every setting is read; those of the scheduler have a suite of their own")
  func everything() throws {
    let read = try Self.read(
      """
      state: /s/
      plugins: "/p"
      schedules: /q/
      calendars: /c
      socket: /r/m.sock
      socket_mode: 0660
      cgroup_root: /sys/fs/cgroup/jobs
      host: /h
      dashboard: /d/
      user: jobs
      plugin_users: {exec: www-data}
      groups: {video: {}}
      defaults: {memory: 1G, cpu: 0.5, pids: 7, timeout: 90s, grace: 1s, max_attempts: 3, retry_delay: 2s,
        tier: cold}
      bounds: {input: 1K, result: 2K, log: 4K, open_files: 16}
      retention: {succeeded: 1h, failed: ever, cancelled: 2d, logs: 60s, ticks: 3h, events: ever,
        transitions: 4h, bytes: unbounded}
      handlers:
        thumbnail: {memory: 512M, cpu: 2, pids: 1, timeout: 1m, grace: 2s, max_attempts: 2, retry_delay: 1s,
          concurrency: 2, tier: template, rate: 5/min, group: video}
        checksum: {}
      preload: [libz.so.1]
      tracing: {file: /t, largest: 2M}
      log_level: debug
      """)
    var expected = Configuration(
      state: "/s", plugins: "/p", schedules: "/q", calendars: "/c", socket: "/r/m.sock", host: "/h",
      dashboard: "/d")
    expected.socketMode = 0o660
    expected.cgroupRoot = .path("/sys/fs/cgroup/jobs")
    expected.user = "jobs"
    expected.pluginUsers = ["exec": "www-data"]
    expected.groups = ["video": GroupRules()]
    expected.defaults = Terms(
      limits: Limits(memory: .gibibytes(1), cpuMillis: 500, pids: 7), timeout: .seconds(90),
      grace: .seconds(1), maxAttempts: 3, retryDelay: .seconds(2))
    expected.tier = .cold
    expected.bounds = .init(
      input: .kibibytes(1), result: .kibibytes(2), log: .kibibytes(4), openFiles: 16)
    (expected.retention.succeeded, expected.retention.failed) = (.seconds(3600), nil)
    (expected.retention.cancelled, expected.retention.logs) = (.seconds(172_800), .seconds(60))
    (expected.retention.ticks, expected.retention.events) = (.seconds(10_800), nil)
    expected.retention.transitions = .seconds(14_400)
    expected.retention.bytes = nil
    expected.handlers["thumbnail"] = .init(
      wishes: Wishes(
        memory: .mebibytes(512), cpuMillis: 2000, pids: 1, timeout: .seconds(60), grace: .seconds(2),
        maxAttempts: 2, retryDelay: .seconds(1)),
      concurrency: 2, rate: Rate(count: 5, per: .seconds(60)), group: "video", tier: .template)
    expected.handlers["checksum"] = .init()
    expected.preload = ["libz.so.1"]
    expected.tracing = TraceWriter.Settings(file: "/t")
    expected.tracing?.largest = .mebibytes(2)
    expected.logLevel = .debug
    #expect(read == expected)
  }

  @Test("every mistake is told at once, in the order of the file, with its place")
  func allAtOnce() {
    let lines = Self.mistakes(
      """
      stat: /var/lib/millrace
      socket: run/m.sock
      capacity:
        memory: 120%
        slots: [1]
      capacity:
        slots: 3
      queue: 7
      defaults:
        memory: lots
        memory: 1G
      log_level: inf
      """)
    #expect(
      lines == [
        "m.yaml:1:1: there is no setting `stat`, did you mean `state`?",
        "m.yaml:2:9: `socket` must be an absolute path, not `run/m.sock`",
        "m.yaml:4:11: `capacity.memory` must be a size, like 12G, or a part from 0.1% to 100%, not `120%`",
        "m.yaml:5:10: `capacity.slots` must be one value, not a list",
        "m.yaml:6:1: `capacity` is given already in line 3",
        "m.yaml:8:8: `queue` must have settings below it: `name: value`",
        "m.yaml:10:11: `defaults.memory` must be a size from 1 MiB to 1024 TiB, like 256M, not `lots`",
        "m.yaml:11:3: `memory` is given already in line 10",
        "m.yaml:12:12: `log_level` must be one of trace, debug, info, notice, warning, error, critical, "
          + "not `inf`, did you mean `info`?",
      ])
  }

  @Test(
    "one mistake is one line",
    arguments: [
      ("state:", "1:1: `state` has no value"), ("state: ~", "1:8: `state` has no value"),
      ("state: \"\"", "1:1: `state` has no value"),
      ("socket_mode: 0400", "1:14: `socket_mode` must be permissions in octal"),
      ("socket_mode: 999", "1:14: `socket_mode` must be permissions in octal"),
      ("socket_mode: 01600", "1:14: `socket_mode` must be permissions in octal"),
      ("cgroup_root: jobs", "1:14: `cgroup_root` must be `auto` or an absolute path"),
      ("capacity: {cpu: 0}", "1:17: `capacity.cpu` must be a number of processors"),
      ("capacity: {cpu: 0%}", "1:17: `capacity.cpu` must be a number of processors"),
      ("capacity: {cpu: nan}", "1:17: `capacity.cpu` must be a number of processors"),
      ("capacity: {memory: 0}", "1:20: `capacity.memory` must be a size"),
      ("capacity: {slots: 0}", "1:19: `capacity.slots` must be a whole number from 1 to 10000, not `0`"),
      ("capacity: {slots: 1.5}", "1:19: `capacity.slots` must be a whole number"),
      ("queue: {aging: 30}", "1:16: `queue.aging` must be a span from 1 s to 366 d 0 h, like 90s"),
      ("queue: {aging: -1s}", "1:16: `queue.aging` must be a span"),
      ("defaults: {tier: hot}", "1:18: `defaults.tier` must be one of warm, template, cold, not `hot`"),
      ("defaults: {concurrency: 1}", "1:12: there is no setting `defaults.concurrency`"),
      ("tracing: {file: spans}", "1:17: `tracing.file` must be an absolute path, or `none`, not `spans`"),
      ("bounds: {input: 2G}", "1:17: `bounds.input` must be a size from 1 B to 1 GiB"),
      ("retention: {failed: 10s}", "1:21: `retention.failed` must be a span from 1 min 0 s to "),
      ("retention: {bytes: 1K}", "1:20: `retention.bytes` must be a size from 1 MiB to "),
      ("retention: {faild: 1d}", "1:13: there is no setting `retention.faild`, did you mean `failed`?"),
      ("bounds: {input: -1}", "1:17: `bounds.input` must be a size"),
      ("handlers: {Bad Name: {}}", "1:12: `handlers.Bad Name` can't be a name"),
      (
        "handlers: {a: {memroy: 1G}}", "1:16: there is no setting `handlers.a.memroy`, did you mean `memory`?"
      ),
      ("handlers: []", "1:11: `handlers` must have settings below it"),
      ("plugin_users: {exec: [a]}", "1:22: `plugin_users.exec` must be one value, not a list"),
      ("preload: libz.so", "1:10: `preload` must be a list"),
      ("preload: [a, {b: c}]", "1:14: `preload[1]` must be one value, not settings"),
      ("[a]: b", "1:1: a name must be plain text"),
      ("- a", "1:1: the file must have settings below it"), ("hello", "1:1: the file must have settings"),
      ("state: [", "2:1: this is no YAML: did not find expected node content"),
      ("state: /a\n\tuser: b", "2:1: this is no YAML: found a tab character"),
      ("state: /a\n---\nstate: /b", "2:1: this is no YAML: but found another document"),
      ("user: &a x\nhost: *b", "2:7: this is no YAML"),
      ("'user': a\n\"user\": b", "2:1: `user` is given already in line 1"),
      ("x: {y: 1, y: 2}", "1:1: there is no setting `x`"),
    ])
  func single(text: String, expected: String) {
    let lines = Self.mistakes(text)
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("m.yaml:" + expected) == true, "\(lines)")
  }

  @Test("a name that comes three times is told twice")
  func threeTimes() {
    let lines = Self.mistakes("user: a\nhost: /h\nuser: b\nuser: c\nhost: /i\n")
    #expect(
      lines == [
        "m.yaml:3:1: `user` is given already in line 1", "m.yaml:4:1: `user` is given already in line 1",
        "m.yaml:5:1: `host` is given already in line 2",
      ])
  }

  @Test("no text makes the reader trap, and what is accepted has nothing private in it")
  func mutations() throws {
    let seed =
      "state: /a\nuser: b\nuser: c\ncapacity: {memory: 1G, slots: 2}\npreload: [x, 'y']\n"
      + "queue:\n  aging: 1m\n"
    var random = SeededGenerator(seed: 20_261_121)
    let letters =
      Array(seed.unicodeScalars) + Array("\u{0}\u{E000}\u{FEFF}%&*!|>\"'\r\t{}[]:-#?@`".unicodeScalars)
    for _ in 0..<2000 {
      var scalars = Array(seed.unicodeScalars)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<scalars.count, using: &random)
        scalars[index] = letters[Int.random(in: 0..<letters.count, using: &random)]
      }
      let text = String(String.UnicodeScalarView(scalars))
      do {
        _ = try Self.read(text)
      } catch let error as FileMistakes {
        #expect(!error.mistakes.isEmpty, "\(text.debugDescription)")
      }
    }
  }

  @Test("an ordinary user's places follow the base directories")
  func rootless() {
    var surroundings = Surroundings(
      isRoot: false, user: 1000, home: "/home/ann", variables: [:], programDirectory: "/opt/bin")
    let plain = Configuration.standard(in: surroundings)
    #expect(plain.state == "/home/ann/.local/state/millrace")
    #expect(plain.plugins == "/home/ann/.local/share/millrace/plugins")
    #expect(plain.schedules == "/home/ann/.config/millrace/schedules.d")
    #expect(plain.calendars == "/home/ann/.config/millrace/calendars")
    #expect(plain.socket == "/run/user/1000/millrace/millrace.sock")
    #expect(plain.host == "/opt/bin/millrace-host")
    #expect(plain.dashboard == "/opt/bin/dashboard")
    #expect(surroundings.usualFile == "/home/ann/.config/millrace/millrace.yaml")
    surroundings.variables = [
      "XDG_STATE_HOME": "/s", "XDG_DATA_HOME": "/d", "XDG_RUNTIME_DIR": "/r", "XDG_CONFIG_HOME": "/c",
    ]
    let moved = Configuration.standard(in: surroundings)
    #expect(moved.state == "/s/millrace")
    #expect(moved.plugins == "/d/millrace/plugins")
    #expect(moved.schedules == "/c/millrace/schedules.d")
    #expect(moved.socket == "/r/millrace/millrace.sock")
    #expect(surroundings.usualFile == "/c/millrace/millrace.yaml")
  }

  @Test("an installed runner finds its parts below its prefix")
  func installed() {
    let local = Configuration.standard(
      in: Surroundings(
        isRoot: true, user: 0, home: "/root", variables: [:], programDirectory: "/usr/local/bin",
        isInstalled: true))
    #expect(local.host == "/usr/local/lib/millrace/millrace-host")
    #expect(local.dashboard == "/usr/local/share/millrace/dashboard")
    #expect(local.plugins == "/usr/local/lib/millrace/plugins")
    #expect(local.schedules == "/etc/millrace/schedules.d")
    #expect(Self.root.usualFile == "/etc/millrace/millrace.yaml")
  }

  @Test("flags come before the file, and a file that is named must be there")
  func flags() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/m.yaml"
    try Data("state: /from/file\nuser: ann\n".utf8).write(to: URL(filePath: file))
    let options = try ConfigurationOptions.parse([
      "--config", file, "--state", "/from/flag", "--cgroup-root", "auto", "--plugins", "here",
    ])
    let configuration = try options.configuration(in: Self.root)
    #expect(configuration.state == "/from/flag")
    #expect(configuration.user == "ann")
    #expect(configuration.schedules == directory.path + "/schedules.d")
    #expect(configuration.calendars == directory.path + "/calendars")
    #expect(configuration.plugins.hasPrefix("/") && configuration.plugins.hasSuffix("/here"))
    let missing = try ConfigurationOptions.parse(["--config", directory.path + "/none.yaml"])
    let error = #expect(throws: FileMistakes.self) { try missing.configuration(in: Self.root) }
    #expect(error?.mistakes.map(\.message) == ["there is no such file"])
    let binary = directory.path + "/binary.yaml"
    try Data([0xff, 0xfe, 0x00]).write(to: URL(filePath: binary))
    let unreadable = try ConfigurationOptions.parse(["--config", binary])
    #expect(throws: FileMistakes.self) { try unreadable.configuration(in: Self.root) }
  }

  @Test("a share of the machine is a part or an amount")
  func shares() {
    #expect(Configuration.Share<Bytes>.percent(80).amount(of: .mebibytes(100)) == .mebibytes(80))
    #expect(Configuration.Share<Bytes>.amount(.mebibytes(7)).amount(of: .mebibytes(100)) == .mebibytes(7))
    #expect(Configuration.Share<Int64>.percent(50).amount(of: 3000) == 1500)
    #expect(Configuration.Share<Int64>.amount(10).amount(of: 3000) == 10)
  }
}
