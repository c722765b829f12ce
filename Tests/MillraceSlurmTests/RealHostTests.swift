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
    @Test("nodes that share no spool get their bundles, and bring back the ends, over TCP")
    func courier() async throws {
      var settings = try settings()
      settings.address = "127.0.0.1:\(try Self.freePort())"
      let first = try LauncherUnderTest(settings)
      first.launcher.launch([
        try plan(1, "prints", expectedRun: .milliseconds(1)),
        try plan(2, "fails", expectedRun: .milliseconds(1)),
        try plan(3, "waits"), try plan(4, "waits"),
      ])
      #expect(try await first.report(of: 1).word == .done(nil))
      #expect(try first.log(of: 1) == "printed without a newline")
      #expect(try await first.report(of: 2).exit == .exited(code: 1))
      for job in 3...4 { try await first.started(Int64(job)) }
      first.launcher.terminate(AttemptID(job: JobID(3), number: 1))
      #expect(try await first.report(of: 3).interruption == nil)
      first.launcher.release((1...3).map { AttemptID(job: JobID($0), number: 1) })
      await first.stop()
      let second = try LauncherUnderTest(settings)
      let fourth = AttemptID(job: JobID(4), number: 1)
      #expect(
        try await second.launcher.takeOver(open: [KeptAttempt(attempt: fourth, plugin: "made")]) == [fourth])
      second.launcher.terminate(fourth)
      #expect(try await second.report(of: 4).exit != nil)
      second.launcher.release([fourth])
      try await second.emptied()
      // The secret is in no file of the spool.
      #expect(FileMode.of(settings.spool + "/ledger/.key").map { $0 & 0o777 } == 0o600)
      await second.stop()
    }

    /// A port that nobody listens on.
    private static func freePort() throws -> UInt16 {
      let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(socket) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
        }
      }
      guard result else { throw TestFailure("no free port") }
      return UInt16(bigEndian: address.sin_port)
    }

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
      try TrialCluster.running.slurm("scancel", try #require(number))
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
      try TrialCluster.running.command("crash", node)
      #expect(try await test.report(of: 1).interruption == .nodeLost)
      try TrialCluster.running.command("node", node)
      await test.stop()
    }

    /// Settings with the real host, where the jobs' user can run it.
    private func settings() throws -> SlurmSettings {
      let host = try TrialCluster.running.directory + "/millrace-host"
      if !FileManager.default.fileExists(atPath: host) {
        try FileManager.default.copyItem(atPath: TestProcess.programs + "/millrace-host", toPath: host)
        chmod(host, 0o755)
      }
      var settings = try TrialCluster.settings()
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
