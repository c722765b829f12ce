import Foundation
import MillraceCore
import MillraceEngine
import MillraceLinux
import TestSupport
import Testing

@testable import MillraceSlurm

extension TrialClusterTests {
  /// The launcher with the program that really runs on nodes, and real plugins.
  @Suite(.serialized) struct RealHostTests {
    @Test("handlers of a plugin run on nodes, each with its own end")
    func outcomes() async throws {
      let test = try LauncherUnderTest(settings())
      test.launcher.launch([
        try plan(1, "prints"), try plan(2, "fails"), try plan(3, "crashes"), try plan(4, "hello"),
        try plan(5, "reports-nothing-known"),
      ])
      #expect(try await test.report(of: 1).word == .done(nil))
      #expect(try test.log(of: 1) == "printed without a newline")
      let failed = try await test.report(of: 2)
      #expect(failed.exit == .exited(code: 1))
      guard case .failed(let failure) = failed.word else { throw TestFailure("\(failed)") }
      #expect(!failure.message.isEmpty)
      let crashed = try await test.report(of: 3)
      guard case .signalled = crashed.exit else { throw TestFailure("\(crashed)") }
      #expect(crashed.interruption == nil)
      let hello = try await test.report(of: 4)
      #expect(hello.exit == .exited(code: 0))
      #expect(hello.usage.cpuUser != nil && hello.usage.memoryPeak != nil)
      let unknown = try await test.report(of: 5)
      guard case .failed(let missing) = unknown.word else { throw TestFailure("\(unknown)") }
      #expect(missing.code == "handler_missing")
      test.launcher.release((1...5).map { AttemptID(job: JobID($0), number: 1) })
      try await test.emptied()
      await test.stop()
    }

    @Test("a bundle of a hundred has a hundred ends")
    func bundle() async throws {
      let test = try LauncherUnderTest(settings())
      test.launcher.launch(try (1...100).map { try plan($0, "prints", expectedRun: .milliseconds(10)) })
      for job in 1...100 {
        #expect(try await test.report(of: Int64(job)).word == .done(nil), "\(job)")
        #expect(try test.log(of: Int64(job)) == "printed without a newline", "\(job)")
      }
      test.launcher.release((1...100).map { AttemptID(job: JobID($0), number: 1) })
      try await test.emptied()
      await test.stop()
    }

    @Test("attempts are stopped, by this runner or by Slurm")
    func stops() async throws {
      let test = try LauncherUnderTest(settings())
      test.launcher.launch([
        try plan(1, "waits"), try plan(2, "ignores-termination"), try plan(3, "waits"),
      ])
      for job in 1...3 { try await test.started(Int64(job)) }
      test.launcher.terminate(AttemptID(job: JobID(1), number: 1))
      test.launcher.kill(AttemptID(job: JobID(2), number: 1))
      #expect(try await test.report(of: 1).interruption == nil)
      #expect(try await test.report(of: 2).exit == .signalled(signal: SIGKILL))
      let number = test.events.place(of: AttemptID(job: JobID(3), number: 1))?.clusterJob
      try TrialCluster.slurm("scancel", try #require(number))
      #expect(try await test.report(of: 3).interruption == .cancelled)
      await test.stop()
    }

    @Test("a node that does not limit memory runs nothing where that is demanded, which is its fault")
    func caps() async throws {
      var settings = try settings()
      settings.demandsCaps = true
      let test = try LauncherUnderTest(settings)
      test.launcher.launch([try plan(1, "prints")])
      guard case .nodeFault(let words) = try await test.report(of: 1).interruption else {
        throw TestFailure("\(test.events.suffix(3))")
      }
      #expect(words.contains("memory"))
      #expect(!test.events.starts.contains(AttemptID(job: JobID(1), number: 1)))
      await test.stop()
    }

    @Test("a node that is lost gives its attempts back")
    func lost() async throws {
      let test = try LauncherUnderTest(settings())
      test.launcher.launch([try plan(1, "waits")])
      try await test.started(1)
      let node = try #require(test.events.place(of: AttemptID(job: JobID(1), number: 1))?.node)
      try TrialCluster.command("crash", node)
      #expect(try await test.report(of: 1).interruption == .nodeLost)
      try TrialCluster.command("node", node)
      await test.stop()
    }

    /// Settings with the real host, where the jobs' user can run it.
    private func settings() throws -> SlurmSettings {
      let host = TrialCluster.directory + "/millrace-host"
      if !FileManager.default.fileExists(atPath: host) {
        try FileManager.default.copyItem(atPath: TestProcess.programs + "/millrace-host", toPath: host)
        chmod(host, 0o755)
      }
      var settings = TrialCluster.settings()
      settings.host = host
      return settings
    }

    private func plan(_ job: Int, _ handler: String, expectedRun: Duration? = nil) throws -> LaunchPlan {
      let path = try FixturePlugin.handlers()
      var plan = Made.plan(Int64(job), expectedRun: expectedRun, plugin: path)
      plan.handler = handler
      plan.plugin.sha256 = try PluginFile.digest(of: [UInt8](Data(contentsOf: URL(filePath: path))))
      return plan
    }
  }
}
