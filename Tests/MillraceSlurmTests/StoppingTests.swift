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

    @Test("what has to make way for a job that matters more is preempted")
    func preemption() async throws {
      let test = try LauncherUnderTest(TrialCluster.settings())
      test.launcher.launch([big(1, "wait"), big(2, "wait")])
      for job in 1...2 { try await test.started(Int64(job)) }
      try TrialCluster.running.slurm(
        "sbatch", "--partition=urgent", "--mem=2500M", "--output=/dev/null", "--wrap=true")
      try await test.wait("the end of one") { $0.ends.count == 1 }
      let ended = try #require(test.events.ends.first)
      #expect(ended.value.interruption == .preempted)
      for job in 1...2 { test.launcher.kill(AttemptID(job: JobID(Int64(job)), number: 1)) }
      for job in 1...2 { _ = try await test.report(of: Int64(job)) }
      await test.stop()
    }

    @Test("a time limit of Slurm's is told as such, and a deadline that can't be met there")
    func limits() async throws {
      let cluster = try TrialCluster.running
      let test = try LauncherUnderTest(TrialCluster.settings())
      func place(_ job: Int64) throws -> Whereabouts {
        try #require(test.events.place(of: AttemptID(job: JobID(job), number: 1)))
      }
      test.launcher.launch([big(1, "wait"), big(2, "wait"), big(3, "nothing")])
      for job in 1...2 { try await test.started(Int64(job)) }
      try await test.wait("the third in the queue") { _ in try place(3).clusterJob != nil }
      // It waits for the node of the second, until it could not end in time any more.
      let third = "JobId=\(try #require(try place(3).clusterJob))"
      let node = try #require(try place(2).node)
      try cluster.slurm("scontrol", "update", third, "ReqNodeList=\(node)", "TimeLimit=2", "Deadline=now+125")
      let first = "JobId=\(try #require(try place(1).clusterJob))"
      try cluster.slurm("scontrol", "update", first, "TimeLimit=0:01")
      #expect(try await test.report(of: 1, within: 100).interruption == .timeLimit)
      #expect(try await test.report(of: 3, within: 100).interruption == .deadline)
      test.launcher.kill(AttemptID(job: JobID(2), number: 1))
      _ = try await test.report(of: 2)
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
