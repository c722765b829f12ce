import Foundation
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceSlurm

extension TrialClusterTests {
  @Suite(.serialized) struct RunningTests {
    @Test("attempts run on both nodes, and it is told where")
    func bothNodes() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      // Each takes more than half of a node's memory.
      test.launcher.launch((1...4).map { plan($0, "nap 0.5", memory: .mebibytes(2500)) })
      var nodes: Set<String> = []
      for job in 1...4 {
        let report = try await test.report(of: Int64(job))
        #expect(report.exit == .exited(code: 0))
        #expect(report.word == .done(nil))
        #expect(report.interruption == nil)
        let ended = try #require(report.ended)
        #expect(abs((SlurmLoop.wall() - ended).milliseconds) < 20_000)
        #expect(report.usage.cpuUser != nil)
        nodes.insert(report.whereabouts?.node ?? "")
        #expect(report.whereabouts?.clusterJob != nil)
        #expect(test.events.starts.contains(AttemptID(job: JobID(Int64(job)), number: 1)))
      }
      #expect(nodes == ["n1", "n2"])
      test.launcher.release((1...4).map { AttemptID(job: JobID($0), number: 1) })
      try await test.emptied()
      await test.stop()
    }

    @Test("output, progress, results, failures and crashes come back")
    func outcomes() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      test.launcher.launch([
        plan(1, "say one two three"), plan(2, "half way there"), plan(3, "result 42"),
        plan(4, "fail it is broken"), plan(5, "crash"),
      ])
      // It is there while the attempt runs.
      try await test.wait("output") { _ in try test.log(of: 1).hasPrefix("one\n") }
      #expect(test.events.endings(of: AttemptID(job: JobID(1), number: 1)) == 0)
      _ = try await test.report(of: 1)
      #expect(try test.log(of: 1) == "one\ntwo\nthree\n")
      #expect(try await test.report(of: 2).word == .done(nil))
      let progress = Progress(fraction: 0.5, message: "way there")
      #expect(test.events.contains { if case .progress(_, progress) = $0 { true } else { false } })
      let result = JobResult(mediaType: "text/plain", bytes: Array("42".utf8))
      #expect(try await test.report(of: 3).word == .done(result))
      let failed = try await test.report(of: 4)
      #expect(failed.exit == .exited(code: 1))
      let failure = Failure(code: "made", message: "it is broken", isRetryable: false)
      #expect(failed.word == .failed(failure))
      let crashed = try await test.report(of: 5)
      #expect(crashed.exit == .signalled(signal: SIGSEGV))
      #expect(crashed.word == nil)
      #expect(crashed.interruption == nil)
      await test.stop()
    }

    @Test("a bundle of a hundred is one job of Slurm, and each attempt has its own end")
    func bundle() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      let plans = (1...100).map { job in
        plan(job, job % 10 == 0 ? "fail it" : "nap 0.01", expectedRun: .milliseconds(10))
      }
      test.launcher.launch(plans)
      var jobs: Set<String> = []
      for job in 1...100 {
        let report = try await test.report(of: Int64(job))
        #expect(report.exit == .exited(code: job % 10 == 0 ? 1 : 0), "\(job)")
        jobs.insert(report.whereabouts?.clusterJob ?? "")
      }
      #expect(jobs.count == 1)
      // Each was told once, and has started before.
      let ids = plans.map(\.attempt)
      #expect(ids.allSatisfy { test.events.endings(of: $0) == 1 && test.events.starts.contains($0) })
      test.launcher.release(ids)
      try await test.emptied()
      await test.stop()
    }

    @Test("what Slurm refuses is refused in its words, and what no node can do now waits, which is told")
    func refused() async throws {
      var settings = try TrialCluster.settings()
      settings.rules = [
        SlurmRule(pattern: JobPattern(handler: "nowhere"), options: SlurmOptions(partition: "nowhere"))
      ]
      let test = try LauncherUnderTest(settings)
      var nowhere = plan(1, "nothing")
      nowhere.handler = "nowhere"
      test.launcher.launch([
        nowhere, plan(2, "nothing", memory: .gibibytes(900)), plan(3, "nothing"),
        plan(4, "nothing", cpuMillis: 99_000),
      ])
      try await test.wait("refusals") { $0.refusals.count == 2 }
      let refusals = test.events.refusals
      #expect(refusals[nowhere.attempt]?.contains("Invalid partition name specified") == true)
      #expect(
        refusals[AttemptID(job: JobID(2), number: 1)]?.contains("Memory specification can not be satisfied")
          == true)
      #expect(try await test.report(of: 3).word == .done(nil))
      // Slurm may get such a node one day: it says why it does not run.
      let fourth = AttemptID(job: JobID(4), number: 1)
      try await test.wait("the reason") { $0.place(of: fourth)?.reason == "PartitionConfig" }
      test.launcher.terminate(fourth)
      _ = try await test.report(of: 4)
      test.launcher.release([AttemptID(job: JobID(3), number: 1), fourth])
      try await test.emptied()
      await test.stop()
    }

    @Test("a host that does not come up is its node's fault")
    func noHost() async throws {
      var settings = try TrialCluster.settings()
      settings.host = "/nonexistent/millrace-host"
      let test = try LauncherUnderTest(settings)
      test.launcher.launch([plan(1, "nothing")])
      let report = try await test.report(of: 1)
      guard case .nodeFault(let words) = report.interruption else {
        throw TestFailure("\(report)")
      }
      #expect(words.contains("code 127"))
      #expect(words.contains("not found"))
      #expect(report.whereabouts?.node != nil)
      #expect(!test.events.starts.contains(AttemptID(job: JobID(1), number: 1)))
      await test.stop()
    }

    @Test("the nodes are told of, and that one is out of use")
    func nodes() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      try await test.wait("the nodes") { $0.standing?.nodes.count == 2 }
      let standing = try #require(test.events.standing)
      #expect(standing.trouble == nil)
      #expect(standing.nodes.map(\.name) == ["n1", "n2"])
      #expect(standing.nodes.allSatisfy { $0.memory == .mebibytes(4000) && $0.processors == 4 })
      #expect(standing.nodes.allSatisfy { $0.lastSeen != nil })
      try TrialCluster.running.slurm("scontrol", "update", "NodeName=n2", "State=DRAIN", "Reason=a new disk")
      try await test.wait("the drained node") { $0.standing?.nodes.last?.state == .drained }
      #expect(test.events.standing?.nodes.last?.reason?.hasPrefix("a new disk") == true)
      try TrialCluster.running.slurm("scontrol", "update", "NodeName=n2", "State=RESUME")
      try await test.wait("both nodes") { $0.standing?.nodes.last?.state == .idle }
      await test.stop()
    }

    private func plan(
      _ job: Int, _ doing: String, memory: Bytes = .mebibytes(64), cpuMillis: Int64 = 1000,
      expectedRun: Duration? = nil
    ) -> LaunchPlan {
      Made.plan(
        Int64(job), doing: doing, memory: memory, cpuMillis: cpuMillis, expectedRun: expectedRun,
        plugin: TrialCluster.host)
    }
  }
}
