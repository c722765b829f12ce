import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

extension StageTests {
  @Suite struct FreezeTests {
    private func kept(_ id: AttemptID) -> [KeptAttempt] { [KeptAttempt(attempt: id, plugin: "fixture")] }

    /// Starts a job that is frozen when this returns.
    private func frozen(_ job: Int64, _ handler: String, _ stage: Stage, _ actor: Stage.Actor) async throws
      -> AttemptID
    {
      let id = actor.launch(job, handler)
      // The keeper's word and the job's come in any order; before the first there is nothing to freeze.
      try await actor.record.started(id)
      try await actor.record.progress(id)
      actor.launcher.freeze(id)
      _ = await actor.launcher.sample()  // The command before this one has been obeyed.
      try stage.freezer(id).wait(until: true)
      return id
    }

    @Test("a frozen job stands still, and hears a request to end when it is thawed")
    func thaw() async throws {
      try await Stage.launcher { stage, actor in
        let id = try await frozen(1, "waits", stage, actor)
        actor.launcher.terminate(id)
        let samples = await actor.launcher.sample().attempts
        #expect(Array(samples.keys) == [id], "what is frozen is still sampled")
        #expect(try stage.processes(id).count == 1)
        try stage.freezer(id).wait(until: true)
        actor.launcher.thaw(id)
        let report = try await actor.ended(id)
        #expect(
          report.word == .failed(Failure(code: "cancelled", message: "asked to stop", isRetryable: false)))
        #expect(try stage.leaves() == [])
      }
    }

    @Test("a frozen job is killed where it stands, and its leaf is removed")
    func kill() async throws {
      try await Stage.launcher { stage, actor in
        let id = try await frozen(1, "stubborn", stage, actor)
        actor.launcher.kill(id)
        #expect(try await actor.ended(id).exit == .signalled(signal: SIGKILL))
        #expect(try stage.leaves() == [])
      }
    }

    @Test("freezing does not reach the neighbours, nor what is not there")
    func others() async throws {
      try await Stage.launcher { stage, actor in
        let id = try await frozen(1, "stubborn", stage, actor)
        let nobody = AttemptID(job: JobID(99), number: 1)
        actor.launcher.freeze(nobody)
        actor.launcher.thaw(nobody)
        #expect(try await actor.run(2, "echo").exit == .exited(code: 0))
        try stage.freezer(id).wait(until: true)
        actor.launcher.kill(id)
        _ = try await actor.ended(id)
      }
    }

    @Test("a launcher that stops thaws what it leaves, and one that takes over thaws what it finds")
    func takeOver() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        let id = try await frozen(1, "waits", stage, old)
        await old.stop()
        #expect(try !stage.freezer(id).isAsked())
        try stage.freezer(id).ask()
        try stage.freezer(id).wait(until: true)
        try await stage.launcher { actor in
          let taken = try await actor.launcher.takeOver(open: kept(id))
          #expect(taken == [id])
          #expect(try !stage.freezer(id).isAsked())
          actor.launcher.terminate(id)
          #expect(try await actor.ended(id).exit == .exited(code: 1))
        }
      }
    }

    @Test("a frozen job that ended while no runner was there is taken over as it is")
    func endedFrozen() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        let id = try await frozen(1, "stubborn", stage, old)
        await old.stop()
        try stage.freezer(id).ask()
        try stage.freezer(id).wait(until: true)
        try CgroupTree.writeFile(stage.freezer(id).leaf + "/cgroup.kill", "1")
        try await stage.launcher { actor in
          _ = try await actor.launcher.takeOver(open: kept(id))
          #expect(try await actor.ended(id).exit == .signalled(signal: SIGKILL))
          #expect(try stage.leaves() == [])
        }
      }
    }

    @Test("a frozen left-over that nobody knows any more is killed and removed")
    func leftOver() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        let id = try await frozen(1, "stubborn", stage, old)
        await old.stop()
        try stage.freezer(id).ask()
        try await stage.launcher { actor in
          let taken = try await actor.launcher.takeOver(open: [])
          #expect(taken == [])
          #expect(try stage.leaves() == [])
        }
      }
    }

    @Test("an empty leaf is removed although it is frozen, and then can't be frozen in the kernel's words")
    func emptyLeaf() async throws {
      try await Stage.use { stage in
        let leaf = try stage.leaf()
        try leaf.setFrozen(true)
        try leaf.remove()
        let error = #expect(throws: LinuxError.self) { try leaf.setFrozen(true) }
        #expect(error?.doing == "set `cgroup.freeze` to 1 on `1.1`")
        #expect(error?.reason == .kernel(ENOENT) || error?.reason == .kernel(ENODEV))
      }
    }
  }
}
