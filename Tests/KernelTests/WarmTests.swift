import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// Warm hosts under a real runner, with every controller there.
@Suite("Warm hosts", .serialized, .timeLimit(.minutes(10)))
struct WarmTests {
  @Test("jobs start from a host that warmed up once; the record, the status and the log say so")
  func warm() async throws {
    try await Self.with(try FixturePlugin.warm()) { runner in
      var words: Set<String> = []
      for _ in 1...5 {
        let job = try await runner.submit("shows")
        #expect(try await runner.lastAttempt(of: job).tier == .warm)
        words.insert(try await runner.millrace("result", job).output)
      }
      #expect(words.count == 1)
      let hosts = try #require(try await runner.answer(StatusView.self, "status").hosts)
      #expect(hosts.map(\.state) == ["ready"] && hosts.map(\.started) == [5])
      #expect(try await runner.millrace("status").output.contains("of `warm`, ready: 5 started"))
      #expect(try #require(hosts[0].memoryBytes) > 0)
    }
  }

  @Test("a table of the host's is shared by a hundred jobs, not copied; each is charged for its own")
  func shared() async throws {
    try await Self.with(try FixturePlugin.warm("BIG_TABLE")) { runner in
      let batch = Data(String(repeating: "shows --memory 8M\n", count: 100).utf8)
      let run = try await runner.millrace("submit", "--batch", "-", "--wait", input: batch)
      #expect(run.status == 0, "\(run.errors)")
      let rows = try await runner.answer(HistoryPage.self, "history", "--limit", "200").attempts
      #expect(rows.count == 100)
      // 48 MiB were read by each, and no job may have more than 8.
      #expect(rows.allSatisfy { $0.outcome == .succeeded && $0.tier == .warm })
      #expect(try #require(rows.compactMap(\.usage.memoryPeakBytes).max()) < 4 << 20)
      let host = try #require(try await runner.answer(StatusView.self, "status").hosts?.first)
      #expect(try #require(host.memoryBytes) > 40 << 20)
    }
  }

  @Test("a hostile job can't leave its leaf, raise its limit, or reach its host")
  func hostileJob() async throws {
    try await Self.with(try FixturePlugin.warm()) { runner in
      let other = try await runner.submit("waits")
      try await runner.waitForStart(of: other)
      let hosts = try #require(try await runner.answer(StatusView.self, "status").hosts)
      let pid = try runner.cgroupFile("p/warm/host-\(hosts[0].host)/cgroup.procs").trimmingCharacters(
        in: .whitespacesAndNewlines)
      let input = Data("/sys/fs/cgroup \(pid) 60801 60800 \(other).1".utf8)
      let file = TestDirectory.newPath("input")
      try input.write(to: URL(fileURLWithPath: file))
      let job = try await runner.submit("attacks", "--input", file)
      let attempt = try await runner.lastAttempt(of: job)
      #expect(attempt.outcome == .succeeded && attempt.tier == .warm)
      let deeds = try await runner.millrace("result", job).output.split(separator: "\n")
      #expect(deeds.count == 11)
      #expect(deeds.allSatisfy { $0.hasSuffix("EPERM") || $0.hasSuffix("EACCES") }, "\(deeds)")
      // The host and the other job are as they were.
      #expect(try await runner.lastAttempt(of: try await runner.submit("shows")).tier == .warm)
      #expect(try await runner.answer(StatusView.self, "status").hosts?.map(\.host) == hosts.map(\.host))
      #expect(try await runner.millrace("cancel", other).status == 0)
    }
  }

  @Test("a hostile plugin can't leave its plugin's cgroup, raise a limit, or become root")
  func hostilePlugin() async throws {
    try await Self.with(try FixturePlugin.warm(#"HOSTILE="/sys/fs/cgroup""#), ["exec"]) { runner in
      let job = try await runner.submit("confesses")
      #expect(try await runner.lastAttempt(of: job).tier == .warm)
      let deeds = try await runner.millrace("result", job).output.split(separator: "\n")
      #expect(deeds.count == 8)
      let refusals = ["EPERM", "EACCES", "ENOENT"]
      #expect(deeds.allSatisfy { deed in refusals.contains { deed.hasSuffix($0) } }, "\(deeds)")
      #expect(deeds.count { $0.hasSuffix("ENOENT") } == 1)  // `p/other` is not there.
    }
  }

  @Test("a plugin that can't be forked as it is runs a rung lower, and the operator is told once")
  func ladder() async throws {
    try await Self.with(try FixturePlugin.warm("THREAD_AT_LOAD")) { runner in
      for _ in 1...3 {
        #expect(try await runner.lastAttempt(of: try await runner.submit("shows")).tier == .template)
      }
      let notices = try await runner.answer(StatusView.self, "status").notices.map(\.text)
      #expect(notices.count { $0.contains("can't be warm: it has threads") } == 2, "\(notices)")
    }
  }

  @Test("a warm-up that wants more memory than its host may have is the reason, and costs no job anything")
  func tooLarge() async throws {
    try await Self.with(try FixturePlugin.warm("BIG_TABLE"), sidecar: "warm_memory: 16M\n") { runner in
      #expect(try await runner.lastAttempt(of: try await runner.submit("shows")).tier == .warm)
      let notices = try await runner.answer(StatusView.self, "status").notices.map(\.text)
      #expect(notices.contains { $0.contains("needs more than 16 MiB of memory") }, "\(notices)")
    }
  }

  @Test("warm hosts count in admission, and go when a job needs their memory")
  func admission() async throws {
    let configuration = "capacity: {memory: 100M}\n"
    try await Self.with(try FixturePlugin.warm("BIG_TABLE"), ["spin"], configuration) { runner in
      #expect(try await runner.lastAttempt(of: try await runner.submit("shows", "--memory=8M")).tier == .warm)
      #expect(try await runner.answer(StatusView.self, "status").hosts?.count == 1)
      // It can't have 90 MiB while the host holds 48.
      let job = try await runner.submit("sleep", "--memory", "90M")
      #expect(try await runner.lastAttempt(of: job).outcome == .succeeded)
      let hosts = try await runner.answer(StatusView.self, "status").hosts ?? []
      #expect(!hosts.contains { $0.plugin == "warm" })
    }
  }

  @Test("jobs of a key find what was prepared for it; lookup shares its table")
  func affinity() async throws {
    try await RunnerUnderTest.with(plugins: ["lookup"]) { runner in
      let table = TestDirectory.newPath("table.tsv")
      let lines = (0..<20_000).map { "key-\($0)\tvalue \($0)\n" }.joined()
      try lines.write(toFile: table, atomically: true, encoding: .utf8)
      chmod(table, 0o644)
      for (number, affinity) in [(7, table), (77, table), (777, nil)] {
        let last = affinity.map { "--affinity=\($0)" } ?? "--memory=32M"
        let job = try await runner.submit("lookup", "table=\(table)", "keys=key-\(number)", last)
        #expect(try await runner.millrace("result", job).output == #"{"key-\#(number)":"value \#(number)"}"#)
        let log = try await runner.millrace("logs", job).output
        // Without a key the host is as good as any, and has the table too.
        #expect(log.contains("table shared"), "\(log)")
      }
      #expect(try await runner.answer(StatusView.self, "status").hosts?.map(\.key) == [table])
    }
  }

  /// Gives `body` a runner with a plugin and some that ship.
  private static func with(
    _ plugin: String, _ names: [String] = [], _ configuration: String? = nil, sidecar: String? = nil,
    _ body: (RunnerUnderTest) async throws -> Void
  ) async throws {
    let runner = try RunnerUnderTest(plugins: names, configuration: configuration)
    if let sidecar {
      let name = URL(fileURLWithPath: plugin).deletingPathExtension().lastPathComponent
      try sidecar.write(toFile: "\(runner.plugins)/\(name).yaml", atomically: true, encoding: .utf8)
    }
    try runner.install(file: plugin)
    #expect(try await runner.serve(handlers: names.count + 1, body) == 0)
  }
}
