import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine

@Suite("Builds and the engine", .timeLimit(.minutes(1)))
struct BuildTests {
  private static func build(_ digit: String) -> Plugin {
    var plugin = Bench.tools
    plugin.sha256 = String(repeating: digit, count: 64)
    return plugin
  }

  @Test("a crash is told to the plugin directory when it is on record, and no other end is")
  func crashes() async throws {
    let bench = Bench()
    try await bench.run {
      let good = try await bench.runningJob()
      try await bench.end(AttemptID(job: good, number: 1))
      let bad = try await bench.runningJob()
      let id = AttemptID(job: bad, number: 1)
      try await bench.end(id, AttemptReport(exit: .signalled(signal: 11), usage: Usage(), word: nil))
      try await bench.settle()
      #expect(bench.plugins.crashed == [id])
    }
  }

  @Test("a rollback returns when the earlier build is in use; its attempts are told apart")
  func rollback() async throws {
    let bench = Bench()
    let (old, new) = (Self.build("a"), Self.build("b"))
    try await bench.run(catalog: [new]) {
      let job = try await bench.runningJob()
      try await bench.end(AttemptID(job: job, number: 1))
      let former = Build(sha256: old.sha256, since: Sample.time(0))
      bench.plugins.setFormer(former, Catalog(plugins: [old], refused: []))
      bench.plugins.setBuilds([BuildStanding(former, .serving)])
      let builds = try await bench.engine.rollback("work")
      #expect(await bench.engine.catalog().plugins.map(\.sha256) == [old.sha256])
      #expect(builds.plugin == "tools" && builds.builds.map(\.state) == [.serving, .gone])
      #expect(builds.figures[new.sha256]?.attempts == 1 && builds.figures[old.sha256] == nil)
      await #expect(throws: Refusal.self) { try await bench.engine.rollback("nothing") }
    }
  }

  @Test("a rollback that can't be is refused with the reason")
  func refused() async throws {
    let bench = Bench()
    try await bench.run {
      let refusal = await #expect(throws: Refusal.self) { try await bench.engine.rollback("work") }
      #expect(refusal?.kind == .conflict)
    }
  }

  @Test("a quarantine is told once, and not again for one from before the start")
  func notices() async throws {
    let bench = Bench()
    func quarantined(at time: Timestamp) -> Plugin {
      var plugin = Self.build("a")
      plugin.standsIn = StandIn(
        sha256: String(repeating: "b", count: 64), file: "/p/libtools.so",
        quarantine: Build.Quarantine(.crashes, "it crashed", since: time))
      return plugin
    }
    try await bench.run(catalog: [quarantined(at: Sample.time(-5))]) {
      func told() async -> [String] {
        await bench.engine.status().notices.map(\.text).filter { $0.contains("quarantine") }
      }
      #expect(await told() == [])
      try await bench.use([quarantined(at: Sample.time(5))])
      try await bench.use([quarantined(at: Sample.time(5)), Sample.plugin("more")])
      let text =
        "build bbbbbbbbbbbb of plugin `tools` is in quarantine: it crashed; "
        + "build aaaaaaaaaaaa serves in its place"
      #expect(await told() == [text])
    }
  }
}
