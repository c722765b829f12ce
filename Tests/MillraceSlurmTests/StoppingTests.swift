import Foundation
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceSlurm

extension TrialClusterTests {
  @Suite(.serialized) struct StoppingTests {
    @Test("an attempt that waits in Slurm's queue is taken out, one that runs is asked to end, or killed")
    func cancel() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      test.launcher.launch([big(1, "wait"), big(2, "stay"), big(3, "nothing")])
      try await test.started(1)
      try await test.started(2)
      try await test.wait("the third in the queue") {
        $0.place(of: AttemptID(job: JobID(3), number: 1))?.clusterJob != nil
      }
      test.launcher.terminate(AttemptID(job: JobID(3), number: 1))
      let withdrawn = try await test.report(of: 3, within: 5)
      #expect(withdrawn.exit == nil)
      #expect(withdrawn.word == nil)
      #expect(withdrawn.interruption == nil)
      test.launcher.terminate(AttemptID(job: JobID(1), number: 1))
      let ended = try await test.report(of: 1)
      #expect(ended.exit == .exited(code: 1))
      #expect(ended.interruption == nil)
      let asked = Failure(code: "cancelled", message: "asked to stop", isRetryable: false)
      #expect(ended.word == .failed(asked))
      test.launcher.terminate(AttemptID(job: JobID(2), number: 1))
      test.launcher.kill(AttemptID(job: JobID(2), number: 1))
      let killed = try await test.report(of: 2)
      #expect(killed.exit == .signalled(signal: SIGKILL))
      #expect(killed.interruption == nil)
      test.launcher.release((1...3).map { AttemptID(job: JobID($0), number: 1) })
      try await test.emptied()
      #expect(!test.events.starts.contains(AttemptID(job: JobID(3), number: 1)))
      await test.stop()
    }

    @Test("what somebody else cancels in Slurm is cancelled, queued or running")
    func others() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      test.launcher.launch([big(1, "wait"), big(2, "wait"), big(3, "nothing")])
      try await test.started(1)
      try await test.started(2)
      let third = AttemptID(job: JobID(3), number: 1)
      try await test.wait("the third in the queue") { $0.place(of: third)?.clusterJob != nil }
      for job in [3, 1] {
        let number = test.events.place(of: AttemptID(job: JobID(Int64(job)), number: 1))?.clusterJob
        try TrialCluster.running.slurm("scancel", try #require(number))
      }
      #expect(try await test.report(of: 3).interruption == .cancelled)
      #expect(try await test.report(of: 1).interruption == .cancelled)
      test.launcher.kill(AttemptID(job: JobID(2), number: 1))
      _ = try await test.report(of: 2)
      await test.stop()
    }

    @Test("a time limit of Slurm's is told as such")
    func timeLimit() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      test.launcher.launch([big(1, "wait")])
      try await test.started(1)
      let number = try #require(test.events.place(of: AttemptID(job: JobID(1), number: 1))?.clusterJob)
      try TrialCluster.running.slurm("scontrol", "update", "JobId=\(number)", "TimeLimit=0:01")
      #expect(try await test.report(of: 1, within: 100).interruption == .timeLimit)
      await test.stop()
    }

    @Test("who is killed for the memory that it has there is told as such")
    func memory() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      test.launcher.launch([Made.plan(1, doing: "eat 300", memory: .mebibytes(64), plugin: TrialCluster.host)]
      )
      #expect(try await test.report(of: 1).interruption == .outOfMemory)
      await test.stop()
    }

    @Test("the host's own time limit is one")
    func hostsLimit() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      test.launcher.launch([
        Made.plan(1, doing: "wait", timeout: .seconds(1), plugin: TrialCluster.host)
      ])
      #expect(try await test.report(of: 1).interruption == .timeLimit)
      await test.stop()
    }

    /// One that takes more than half of a node.
    private func big(_ job: Int64, _ doing: String) -> LaunchPlan {
      Made.plan(job, doing: doing, memory: .mebibytes(2500), plugin: TrialCluster.host)
    }
  }
}
