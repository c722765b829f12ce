import MillraceCore
import MillraceEngine
import MillraceWire
import Testing
import TestSupport

@testable import MillraceHTTP

@Suite("The routes of the history and of the runner")
struct OtherRouteTests {
  private func row(_ number: Int64) -> HistoryRow {
    let attempt = Attempt(
      id: AttemptID(job: JobID(number), number: 1), handler: "checksum", plugin: "checksum",
      pluginVersion: "1.0", pluginSHA256: "ab", limits: Limits(memory: .mebibytes(1), cpuMillis: 1, pids: 1),
      admission: Sample.admission,
      queued: Timestamp(microseconds: 0), starting: Timestamp(microseconds: 1))
    return HistoryRow(attempt: attempt, jobState: .running, priority: .default, jobClass: nil, labels: [:])
  }

  @Test("the history comes in pages")
  func history() async throws {
    try await TestServer.with { server in
      server.service.change { $0.rows = [row(1), row(2), row(3)] }
      let first: HistoryPage = try await server.request("GET", "/v1/history?limit=2&sort=memory").decoded()
      #expect(first.attempts.map(\.id) == ["1.1", "2.1"])
      #expect(first.next == "_2.1")
      #expect(server.service.contents.historyFilters.first?.order == .memory)
      let last: HistoryPage = try await server.request("GET", "/v1/history?limit=1&after=_2.1").decoded()
      #expect(last.attempts.map(\.id) == ["3.1"])
      #expect(last.next == nil)
    }
  }

  @Test("the summary has a line per handler")
  func summary() async throws {
    try await TestServer.with { server in
      let summary = HandlerSummary(
        handler: "checksum", attempts: 2, succeeded: 1, outcomes: [.succeeded: 1, .timedOut: 1],
        memoryP95: nil, memoryMax: nil, durationP50: nil, durationP95: nil, waitP50: nil,
        cpuTotal: .seconds(1))
      server.service.change { $0.summaries = [summary] }
      let reply = try await server.request("GET", "/v1/history/summary?handler=checksum")
      #expect(try reply.decoded([SummaryView].self) == [SummaryView(summary)])
      #expect(server.service.contents.historyFilters.map(\.handler) == ["checksum"])
    }
  }

  @Test("the history has a line per build, too, and can be asked for one build")
  func builds() async throws {
    try await TestServer.with { server in
      var summary = HandlerSummary(
        handler: "checksum", attempts: 2, succeeded: 1, outcomes: [.succeeded: 1], memoryP95: nil,
        memoryMax: nil, durationP50: nil, durationP95: nil, waitP50: nil, cpuTotal: .seconds(1))
      summary.build = BuildFigures(
        sha256: String(repeating: "b", count: 64), version: "2", first: Sample.time(0),
        regressions: [Regression(.time, median: 2_000_000, formerMedian: 1_000_000, former: "a")])
      server.service.change { $0.buildSummaries = [summary] }
      let reply = try await server.request("GET", "/v1/history/builds?build=bbbbbbbb")
      #expect(try reply.decoded([SummaryView].self) == [SummaryView(summary)])
      #expect(server.service.contents.historyFilters.map(\.build) == ["bbbbbbbb"])
      #expect(try reply.decoded([SummaryView].self).first?.regressions?.first?.median == 2)
      let refused = try await server.request("GET", "/v1/history?build=bbb")
      #expect(refused.status == 422)
      #expect(try refused.decoded(Problem.self).detail.contains("8 to 64 hexadecimal digits"))
    }
  }

  @Test("the builds of a handler's plugin are listed, and one can go back to the one before")
  func rollback() async throws {
    try await TestServer.with { server in
      var bad = Build(sha256: String(repeating: "b", count: 64), since: Sample.time(5))
      bad.quarantine = Build.Quarantine(.crashes, "it crashed", since: Sample.time(6))
      let good = Build(sha256: String(repeating: "a", count: 64), since: Sample.time(0))
      let builds = PluginBuilds(
        handler: "checksum", plugin: "sums",
        builds: [BuildStanding(bad, .quarantined), BuildStanding(good, .serving)], figures: [:])
      server.service.change { $0.builds = ["checksum": builds] }
      let view: BuildsView = try await server.request("GET", "/v1/handlers/checksum/builds").decoded()
      #expect(view.plugin == "sums" && view.builds.map(\.state) == [.quarantined, .serving])
      #expect(view.builds.first?.quarantine?.reason == "it crashed")
      let reply = try await server.request("POST", "/v1/handlers/checksum/rollback")
      #expect(try reply.decoded(BuildsView.self) == view)
      #expect(server.service.contents.operations == ["rollback checksum"])
      #expect(try await server.request("POST", "/v1/handlers/other/rollback").status == 404)
    }
  }

  @Test("the handlers come with the plugins that were refused")
  func handlers() async throws {
    try await TestServer.with { server in
      let plugin = Plugin(
        name: "checksum", version: "1", sha256: "ab", path: "/p/libchecksum.so",
        handlers: [Handler(name: "checksum", summary: "sums")])
      let refused = RefusedPlugin(path: "/p/bad.so", reason: "it is writable by others")
      server.service.change { $0.catalog = Catalog(plugins: [plugin], refused: [refused]) }
      let view: HandlersView = try await server.request("GET", "/v1/handlers").decoded()
      #expect(view == HandlersView(plugins: [PluginView(plugin)], refused: [refused]))
    }
  }

  @Test("the state of the runner is told, and HEAD tells its head only")
  func status() async throws {
    try await TestServer.with { server in
      let status = RunnerStatus(
        version: "0.1", pid: 7, started: Timestamp(microseconds: 1_000_000), draining: false, queued: 1,
        scheduled: 2, running: 3, capacity: Sample.admission.capacity, used: Sample.admission.used,
        machine: MachineSample(treeMemory: .mebibytes(1), load: 0.5), pressure: .critical,
        pressureCause: "critical: so", isHealthy: false, recordTrouble: "no space; free some",
        notices: [RunnerNotice(time: Timestamp(microseconds: 2_000_000), text: "look")])
      server.service.change { $0.status = status }
      let reply = try await server.request("GET", "/v1/status")
      let view = try reply.decoded(StatusView.self)
      #expect(view == StatusView(status))
      #expect(view.healthy == false)
      #expect(view.recordTrouble == "no space; free some")
      #expect(view.machine.load == 0.5)
      #expect(view.notices.map(\.text) == ["look"])
      let head = try await server.request("HEAD", "/v1/status")
      #expect(head.status == 200)
      #expect(head.headers["content-length"] == "\(reply.body.count)")
    }
  }
}
