import Foundation
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceSlurm

extension TrialClusterTests {
  /// What is lost, and what is not.
  @Suite(.serialized) struct LossTests {
    @Test(
      "while Slurm does not answer that is told, what runs ends, and what was accepted is submitted later")
    func silence() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      test.launcher.launch([plan(1, "nap 8")])
      try await test.started(1)
      let controller = try TrialCluster.running.pid(of: "slurmctld")
      kill(controller, SIGSTOP)
      defer { kill(controller, SIGCONT) }
      test.launcher.launch([plan(2, "nothing"), plan(3, "nothing", expectedRun: .milliseconds(1))])
      try await test.wait("the trouble") { $0.standing?.trouble != nil }
      #expect(test.events.standing?.trouble?.contains("timed out") == true)
      #expect(test.events.standing?.nodes.count == 2)
      #expect(try await test.report(of: 1).word == .done(nil))
      let fourth = AttemptID(job: JobID(4), number: 1)
      test.launcher.launch([plan(4, "nothing")])
      test.launcher.terminate(fourth)
      #expect(try await test.report(of: 4, within: 5).exit == nil)
      kill(controller, SIGCONT)
      try await test.wait("the end of the trouble") { $0.standing?.trouble == nil }
      #expect(try await test.report(of: 2).word == .done(nil))
      #expect(try await test.report(of: 3).word == .done(nil))
      #expect(!test.events.starts.contains(fourth))
      for job in 1...4 { #expect(test.events.endings(of: AttemptID(job: JobID(Int64(job)), number: 1)) == 1) }
      await test.stop()
    }

    @Test("attempts of a node that is lost are given back when nothing of them can run, others go on")
    func lostNode() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      // One for each node, and with the first one some that would start after it.
      let riders = (1...3).map {
        Made.plan(
          Int64($0), doing: "wait", memory: .mebibytes(2500), expectedRun: .milliseconds(1),
          plugin: TrialCluster.host)
      }
      test.launcher.launch(riders)
      try await test.started(1)
      test.launcher.launch([
        Made.plan(4, doing: "nap 12", memory: .mebibytes(2500), plugin: TrialCluster.host)
      ])
      try await test.started(4)
      let lost = try #require(test.events.place(of: AttemptID(job: JobID(1), number: 1))?.node)
      try TrialCluster.running.command("crash", lost)
      let report = try await test.report(of: 1, within: 60)
      #expect(report.interruption == .nodeLost)
      #expect(report.exit == nil)
      #expect(report.whereabouts?.node == lost)
      // It was not given back before its host could be taken for dead.
      let name = try #require(
        try test.bundles().first { bundle in
          FileManager.default.fileExists(atPath: "\(test.settings.spool)/bundles/\(bundle)/closed")
        })
      let directory = "\(test.settings.spool)/bundles/\(name)"
      let beat = try FileManager.default.attributesOfItem(atPath: directory + "/heartbeat")
      let lastHeard = try #require(beat[.modificationDate] as? Date)
      #expect(Date().timeIntervalSince(lastHeard) >= 4)
      for job in 2...3 {
        #expect(try await test.report(of: Int64(job)).interruption == .nodeLost)
        #expect(!test.events.starts.contains(AttemptID(job: JobID(Int64(job)), number: 1)))
      }
      #expect(try await test.report(of: 4).word == .done(nil))
      // What it had still under way is late: it is told as that, once it was released.
      test.launcher.release((1...4).map { AttemptID(job: JobID($0), number: 1) })
      try Data("node \(lost)\nexit 0\ntime 5\n".utf8).write(to: URL(filePath: directory + "/1.1.ended"))
      try await test.wait("the late end") {
        $0.contains { if case .late(AttemptID(job: JobID(1), number: 1), _) = $0 { true } else { false } }
      }
      #expect(test.events.endings(of: AttemptID(job: JobID(1), number: 1)) == 1)
      try TrialCluster.running.command("node", lost)
      await test.stop()
    }

    @Test("a new launcher takes over what runs, waits and has ended, though Slurm does not answer then")
    func takeOver() async throws {
      let first = try LauncherUnderTest(TrialCluster.settings())
      first.launcher.launch([plan(1, "say one two three four five six seven eight nine"), plan(2, "nothing")])
      try await first.started(1)
      _ = try await first.report(of: 2)
      try await first.wait("some output") { _ in try first.log(of: 1).contains("two") }
      await first.stop()
      let controller = try TrialCluster.running.pid(of: "slurmctld")
      kill(controller, SIGSTOP)
      defer { kill(controller, SIGCONT) }
      let second = try LauncherUnderTest(first.settings)
      let kept = try await second.launcher.takeOver(
        open: (1...3).map { KeptAttempt(attempt: AttemptID(job: JobID($0), number: 1), plugin: "made") })
      #expect(kept.sorted() == (1...2).map { AttemptID(job: JobID($0), number: 1) })
      #expect(try await second.report(of: 2, within: 5).word == .done(nil))
      kill(controller, SIGCONT)
      #expect(try await second.report(of: 1).word == .done(nil))
      #expect(try second.log(of: 1) == "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n")
      second.launcher.release((1...2).map { AttemptID(job: JobID($0), number: 1) })
      try await second.emptied()
      await second.stop()
    }

    @Test("an attempt that nobody knows any more is killed by who takes over")
    func unknown() async throws {
      let first = try LauncherUnderTest(TrialCluster.settings())
      first.launcher.launch([plan(1, "wait")])
      try await first.started(1)
      let job = try #require(first.events.place(of: AttemptID(job: JobID(1), number: 1))?.clusterJob)
      await first.stop()
      let second = try LauncherUnderTest(first.settings)
      #expect(try await second.launcher.takeOver(open: []) == [])
      try await second.wait("its end") { _ in
        let jobs = try TrialCluster.running.slurm("squeue", "-h", "--states=running,pending", "-o", "%i")
        return !jobs.split(separator: "\n").contains { $0 == job }
      }
      try await second.emptied()
      #expect(second.events.ends.isEmpty)
      await second.stop()
    }

    @Test("a runner that went between `sbatch` and its note does not submit a second time")
    func once() async throws {
      let first = try LauncherUnderTest(TrialCluster.settings())
      first.launcher.launch([plan(1, "nap 4")])
      try await first.started(1)
      await first.stop()
      let name = try #require(try first.bundles().first)
      let ledger = URL(filePath: "\(first.settings.spool)/ledger/\(name)")
      let text = try String(contentsOf: ledger, encoding: .utf8)
      #expect(text.contains("\njob "))
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter {
        !$0.hasPrefix("job ")
      }
      try lines.joined(separator: "\n").write(to: ledger, atomically: true, encoding: .utf8)
      let second = try LauncherUnderTest(first.settings)
      let attempt = AttemptID(job: JobID(1), number: 1)
      #expect(
        try await second.launcher.takeOver(open: [KeptAttempt(attempt: attempt, plugin: "made")]) == [attempt]
      )
      #expect(try await second.report(of: 1).word == .done(nil))
      let jobs = try TrialCluster.running.slurm("squeue", "-h", "--states=all", "--name=\(name)", "-o", "%i")
      #expect(jobs.split(separator: "\n").count == 1)
      #expect(
        try String(contentsOf: ledger, encoding: .utf8).contains("\njob \(jobs.prefix { $0 != "\n" })\n"))
      await second.stop()
    }

    @Test("a job that is submitted twice runs once")
    func twice() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      test.launcher.launch([plan(1, "nap 3")])
      try await test.started(1)
      let name = try #require(try test.bundles().first)
      let text = try String(contentsOfFile: "\(test.settings.spool)/ledger/\(name)", encoding: .utf8)
      let words = text.split(separator: "\n").filter { $0.hasPrefix("argument ") }.map {
        String($0.dropFirst(9))
      }
      let output = try TrialCluster.running.slurm("sbatch", ["--parsable"] + words)
      try await test.wait("the end of the second one") { _ in
        let number = output.trimmingCharacters(in: .whitespacesAndNewlines)
        let states = ["-h", "--states=completed,cancelled", "-j", number, "-o", "%i"]
        return try TrialCluster.running.slurm("squeue", states).contains(number)
      }
      let report = try await test.report(of: 1)
      #expect(report.word == .done(nil))
      #expect(test.events.endings(of: AttemptID(job: JobID(1), number: 1)) == 1)
      await test.stop()
    }

    private func plan(_ job: Int64, _ doing: String, expectedRun: Duration? = nil) -> LaunchPlan {
      Made.plan(job, doing: doing, expectedRun: expectedRun, plugin: TrialCluster.host)
    }
  }
}
