import Foundation
import Glibc
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

extension StageTests {
  /// Warm hosts with a real keeper, natively.
  @Suite struct WarmHostTests {
    @Test("a warm-up runs once, and all jobs see what it made; they are the keeper's children")
    func warmUp() async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try stage.warm()
        var seen: Set<[String]> = []
        for job in 1...20 {
          let report = try await actor.run(Int64(job), "shows", plugin: plugin)
          #expect(report.tier == .warm)
          seen.insert(try Self.words(report))
        }
        let host = try #require(try stage.hosts().first)
        let pid = try stage.processes(in: host).first.map { "\($0)" }
        // A fork handler that was registered in the warm-up ran in each job.
        #expect(seen == [[pid ?? "", "-", "0", "1", "-", "0"]])
        let states = await actor.launcher.hosts()
        #expect(states.map(\.state) == ["ready"])
        #expect(states.map(\.started) == [20])
        #expect(states.first.map { $0.fork > .zero && $0.warmUp > .zero } ?? false)
      }
    }

    @Test(
      "a plugin that can't be forked as it is goes a rung lower, with the reason told once",
      arguments: [
        ("THREAD_AT_LOAD", StartTier.template, "it has threads: "),
        ("WARM_THREAD", .warm, "it has threads: "),
        ("WARM_EVENTFD", .warm, "anon_inode:[eventfd]"),
        ("WARM_SHARED", .warm, "it has writable shared memory"),
        ("WARM_FAILS", .warm, "its `warm_up` failed"),
        ("WARM_CRASHES", .warm, "its host was ended by SIGSEGV"),
        ("WARM_EXITS", .warm, "its host ended with exit code 3"),
        ("WARM_HANGS", .warm, "it was not ready within 500 ms"),
      ])
    func ladder(macro: String, tier: StartTier, reason: String) async throws {
      // The others get ready or fail, however busy the machine is.
      let settings = WarmSettings(warmUp: macro == "WARM_HANGS" ? .milliseconds(500) : .seconds(30))
      try await Stage.launcher(warm: settings) { stage, actor in
        let plugin = try stage.warm(macro)
        for job in 1...5 {
          let report = try await actor.run(Int64(job), "shows", plugin: plugin)
          #expect(report.tier == tier)
          // Not warmed up.
          #expect(try Self.words(report).first == "0")
        }
        let notices = await actor.record.notices
        // With a thread from the start, the warm-up is tried to be left out first.
        #expect(notices.count == (tier == .warm ? 1 : 2))
        #expect(notices.allSatisfy { $0.contains(reason) }, "\(notices)")
        #expect(try stage.hosts().count == (tier == .warm ? 1 : 0))
      }
    }

    @Test("a plugin in Go, which has threads from the start, runs without a host, and that is told once")
    func goPlugin() async throws {
      try await Stage.launcher { stage, actor in
        let path = "\(stage.directory.path)/libgo.so"
        try FileManager.default.copyItem(atPath: try FixturePlugin.go(), toPath: path)
        chmod(path, 0o755)
        let plugin = try await actor.launcher.describe(path)
        #expect(plugin.isWarm)
        for job in Int64(1)...3 {
          let report = try await actor.run(job, "goes", plugin: plugin)
          guard case .done(let result?) = report.word else { throw TestFailure("\(report)") }
          let words = String(decoding: result.bytes, as: UTF8.self)
          #expect(words.hasPrefix("385 by go") && words.hasSuffix("job \(job)"))
          #expect(report.tier == .template)
        }
        let notices = await actor.record.notices
        #expect(notices.count == 1 && notices[0].contains("can't be warm: it has threads: "), "\(notices)")
        #expect(try stage.hosts().isEmpty)
      }
    }

    @Test("a host whose forks take longer than a start without it is given up")
    func slowForks() async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try stage.warm("SLOW_FORK")
        var tiers: [StartTier?] = []
        for job in 1...40 {
          tiers.append(try await actor.run(Int64(job), "shows", plugin: plugin).tier)
        }
        // A child that ended before its host told of it has no time, and does not count.
        let forks = tiers.prefix { $0 == .warm }.count
        #expect((PooledHost.window..<40).contains(forks))
        #expect(tiers.dropFirst(forks).allSatisfy { $0 == .template })
        let notices = await actor.record.notices
        #expect(notices.count == 1 && notices[0].contains("its forks take"), "\(notices)")
        // It goes by itself, when it has noticed that it is not needed: few jobs may have come after it.
        try await Self.wait { try stage.hosts().isEmpty }
      }
    }

    @Test("a host that dies is replaced; if they keep dying, jobs do without for a while")
    func deaths() async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try stage.warm()
        for round in 1...WarmLadder.maxDeaths {
          // The host of each round has started nothing when it is killed: that would forgive the deaths.
          if round == 1 { #expect(try await actor.run(1, "shows", plugin: plugin).tier == .warm) }
          for pid in try stage.hosts().flatMap({ try stage.processes(in: $0) }) { kill(pid, SIGKILL) }
          try await Self.wait { try stage.hosts().isEmpty }
          guard round < WarmLadder.maxDeaths else { break }
          // An attempt that is stopped while it waits leaves its host behind.
          let id = actor.launch(Int64(10 + round), "shows", plugin: plugin)
          actor.launcher.kill(id)
          _ = try await actor.ended(id)
          try await Self.wait { await actor.launcher.hosts().map(\.state) == ["ready"] }
        }
        #expect(try await actor.run(50, "shows", plugin: plugin).tier == .template)
        let notices = await actor.record.notices
        #expect(notices.count == 1 && notices[0].contains("keep dying"), "\(notices)")
      }
    }

    @Test("hosts that nobody needs are closed; the least recently used goes when there are too many")
    func closing() async throws {
      try await Stage.launcher(warm: WarmSettings(hosts: 2, idle: .seconds(1))) { stage, actor in
        let plugins = try (1...3).map { number in
          var plugin = try stage.warm()
          // Another build of one plugin would have the host of the former closed.
          plugin.name = "warm\(number)"
          return plugin
        }
        for (job, plugin) in plugins.enumerated() {
          #expect(try await actor.run(Int64(job + 1), "shows", plugin: plugin).tier == .warm)
        }
        try await Self.wait { await actor.launcher.hosts().map(\.number) == [2, 3] }
        #expect(await actor.launcher.hosts().map(\.sha256) == plugins.dropFirst().map(\.sha256))
        try await Self.wait { try stage.hosts().isEmpty }
        #expect(await actor.record.notices == [])
        #expect(try await actor.run(9, "shows", plugin: plugins[0]).tier == .warm)
      }
    }

    @Test("jobs of a key start from the host that is prepared for it, others from one that is not")
    func affinity() async throws {
      try await Stage.launcher(warm: WarmSettings(hosts: 2)) { stage, actor in
        let plugin = try stage.warm()
        func run(_ job: Int64, _ key: String?) async throws -> [String] {
          try Self.words(try await actor.run(job, "shows", plugin: plugin, affinity: key))
        }
        let first = try await run(1, "red")
        #expect(first.dropFirst() == ["red", "1", "1", "red", "0"])
        #expect(try await run(2, "red") == first)
        let second = try await run(3, "blue")  // A new host.
        #expect(second.dropFirst() == ["blue", "1", "1", "blue", "0"] && second[0] != first[0])
        #expect(try await run(4, "red") == first)
        #expect(try await run(5, "blue") == second)
        // There is no room for a third: the host of the key that was used longest ago is prepared anew.
        #expect(try await run(6, "green") == [first[0], "green", "2", "1", "green", "0"])
        #expect(try await run(7, "blue") == second)
        #expect(await actor.launcher.hosts().map(\.key) == ["green", "blue"])
      }
    }

    @Test("a warm-up sees the variables of the plugin; when they change, there is another host")
    func environment() async throws {
      try await Stage.launcher { stage, actor in
        var plugin = try stage.warm()
        func run(_ job: Int64, _ environment: [String: String]) async throws -> [String] {
          plugin.environment = environment
          let report = try await actor.run(job, "tells_words", plugin: plugin)
          #expect(report.tier == .warm)
          return try Self.words(report)
        }
        #expect(try await run(1, [:]).prefix(2) == ["-", "-"])
        #expect(try await run(2, ["WORD": "one", "HOME": "/srv"]) == ["one", "one", "/srv"])
        #expect(try await run(3, ["WORD": "two"]).prefix(2) == ["two", "two"])
        try await Self.wait { await actor.launcher.hosts().map(\.number) == [3] }
        let long = String(repeating: "x", count: 60_000)
        #expect(try await run(4, ["WORD": "four", "LONG": long]).prefix(2) == ["four", "four"])
      }
    }

    @Test("a warm-up that failed for lack of a variable is tried again when the plugin has it")
    func missingVariable() async throws {
      try await Stage.launcher { stage, actor in
        var plugin = try stage.warm("WARM_WANTS_WORD")
        let bare = try await actor.run(1, "tells_words", plugin: plugin)
        #expect(try bare.tier == .warm && Self.words(bare)[0] == "-")
        plugin.environment = ["WORD": "one"]
        let whole = try await actor.run(2, "tells_words", plugin: plugin)
        #expect(try whole.tier == .warm && Self.words(whole)[0] == "one")
      }
    }

    @Test("a key that can't be prepared for costs the job nothing but that")
    func unprepared() async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try stage.warm()
        let report = try await actor.run(1, "shows", plugin: plugin, affinity: "bad")
        #expect(report.tier == .warm)
        #expect(try Self.words(report)[1] == "-")
        // One that leaves a thread behind ends its host; the job starts all the same.
        let second = try await actor.run(2, "shows", plugin: plugin, affinity: "thread")
        #expect(try Self.words(second)[4] == "thread")
      }
    }

    @Test("a binding expires when nobody has asked for its key for long enough")
    func expiry() async throws {
      try await Stage.launcher(warm: WarmSettings(hosts: 5, binding: .milliseconds(300))) { stage, actor in
        let plugin = try stage.warm()
        let first = try Self.words(try await actor.run(1, "shows", plugin: plugin, affinity: "red"))
        try await Task.sleep(for: .milliseconds(400))
        let second = try Self.words(try await actor.run(2, "shows", plugin: plugin, affinity: "blue"))
        #expect(second == [first[0], "blue", "2", "1", "blue", "0"])
      }
    }

    @Test("hundred attempts at once, more than a host is asked for at a time, all start from it")
    func burst() async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try stage.warm()
        let ids = (1...100).map { actor.launch($0, "shows", plugin: plugin) }
        var tiers: Set<StartTier?> = []
        for id in ids { tiers.insert(try await actor.ended(id).tier) }
        #expect(tiers == [.warm])
        #expect(await actor.launcher.hosts().map(\.started) == [100])
        #expect(try stage.leaves() == [])
      }
    }

    @Test("a running job outlives its host and the runner, and the next one sees its end")
    func restart() async throws {
      try await Stage.use { stage in
        let plugin = try stage.warm()
        let id = AttemptID(job: JobID(1), number: 1)
        try await stage.launcher { actor in
          _ = actor.launch(1, "waits", plugin: plugin)
          try await actor.record.progress(id)
        }
        #expect(try stage.hosts().isEmpty)
        try await stage.launcher { actor in
          let taken = try await actor.launcher.takeOver(open: [KeptAttempt(attempt: id, plugin: "warm")])
          #expect(taken == [id])
          actor.launcher.terminate(id)
          #expect(try await actor.ended(id).exit == .exited(code: 1))
          // And there is a new host for the next one.
          #expect(try await actor.run(2, "shows", plugin: plugin).tier == .warm)
        }
      }
    }

    @Test("the keeper's death takes the hosts, and no job")
    func keeperDeath() async throws {
      try await Stage.launcher { stage, actor in
        let plugin = try stage.warm()
        let id = actor.launch(1, "waits", plugin: plugin)
        try await actor.record.progress(id)
        kill(try #require(try stage.keepers().first), SIGKILL)
        // What is asked of a keeper that nobody has found dead yet is refused.
        try await Self.wait { await actor.launcher.hosts().isEmpty }
        #expect(try await actor.run(2, "shows", plugin: plugin).tier == .warm)
        actor.launcher.terminate(id)
        let report = try await actor.ended(id)
        #expect(
          report.word == .failed(Failure(code: "cancelled", message: "asked to stop", isRetryable: false)))
      }
    }

    @Test("an audit finds nothing wrong while hosts are there and attempts wait for one")
    func audit() async throws {
      try await Stage.launcher { stage, actor in
        _ = try await actor.launcher.takeOver(open: [])
        let plugin = try stage.warm("WARM_HANGS")
        let id = actor.launch(1, "shows", plugin: plugin)
        for _ in 1...3 { #expect(await actor.launcher.audit(expecting: [id]) == Audit()) }
        actor.launcher.kill(id)
        _ = try await actor.ended(id)
      }
    }

    /// What `shows` tells: who warmed up, the key, preparations, forks, the affinity, a sum.
    private static func words(_ report: AttemptReport) throws -> [String] {
      guard case .done(let result?) = report.word else { throw TestFailure("\(report)") }
      return String(decoding: result.bytes, as: UTF8.self).split(separator: " ").map(String.init)
    }

    /// Waits until something holds, at most for the test's time.
    private static func wait(_ condition: () async throws -> Bool) async throws {
      while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }
  }
}
