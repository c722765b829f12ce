import FoundationEssentials
import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

extension StageTests {
  @Suite struct KeeperTests {
    private let first = AttemptID(job: JobID(1), number: 1)
    private let second = AttemptID(job: JobID(2), number: 1)

    private func kept(_ ids: AttemptID..., plugin: String = "fixture") -> [KeptAttempt] {
      ids.map { KeptAttempt(attempt: $0, plugin: plugin) }
    }

    @Test("a launch right after the keeper's death gets a new keeper", arguments: 0..<5)
    func killedUnseen(_ round: Int) async throws {
      try await Stage.launcher { stage, actor in
        _ = try await actor.run(1, "echo")
        let keeper = try #require(try stage.keepers().first)
        Glibc.kill(keeper, SIGKILL)
        // One that is still dying takes requests that nobody reads: these are refused, and tried again.
        while try stage.keepers() == [keeper] { await Task.yield() }
        let report = try await actor.run(2, "echo")
        #expect(report.exit == .exited(code: 0))
        let next = try await actor.run(3, "echo")
        #expect(next.exit == .exited(code: 0))
      }
    }

    @Test("a second launcher takes over: what runs goes on, and its end is seen with its exit")
    func takeOver() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        let id = old.launch(1, "waits")
        try await old.record.progress(id)
        let processes = try stage.processes(id)
        await old.stop()
        #expect(try stage.processes(id) == processes)
        try await stage.launcher { actor in
          let taken = try await actor.launcher.takeOver(open: kept(id))
          #expect(taken == [id])
          let samples = await actor.launcher.sample().attempts
          #expect(Array(samples.keys) == [id])
          actor.launcher.terminate(id)
          let report = try await actor.ended(id)
          #expect(report.exit == .exited(code: 1))
          #expect(
            report.word == .failed(Failure(code: "cancelled", message: "asked to stop", isRetryable: false)))
          #expect(try stage.leaves() == [])
          let next = try await actor.run(2, "echo")
          #expect(next.exit == .exited(code: 0))
        }
      }
    }

    @Test("an attempt that ended while no runner was there ends with its exit and its result")
    func endedMeanwhile() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        let id = old.launch(1, "closes_everything")
        try await old.record.started(id)
        await old.stop()
        try await waitUntilEmpty(stage, id)
        try await stage.launcher { actor in
          let taken = try await actor.launcher.takeOver(open: kept(id))
          #expect(taken == [id])
          let report = try await actor.ended(id)
          #expect(report.exit == .exited(code: 0))
          #expect(report.word == .done(JobResult(mediaType: "text/plain", bytes: Array("still here".utf8))))
          #expect(try stage.leaves() == [])
        }
      }
    }

    @Test("a plugin described before the take-over does not lose what is kept")
    func describedFirst() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        let id = old.launch(1, "closes_everything")
        try await old.record.started(id)
        await old.stop()
        try await stage.launcher { actor in
          _ = try await actor.launcher.describe(stage.plugin.path)
          // Its end comes to a launcher that does not know it yet.
          try await waitUntilEmpty(stage, id)
          _ = try await actor.launcher.describe(stage.plugin.path)
          let taken = try await actor.launcher.takeOver(open: kept(id))
          #expect(taken == [id])
          let report = try await actor.ended(id)
          #expect(report.exit == .exited(code: 0))
        }
      }
    }

    @Test("what nobody knows any more is killed and removed")
    func leftOver() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        try await old.record.progress(old.launch(1, "stubborn"))
        try await old.record.progress(old.launch(2, "waits"))
        await old.stop()
        mkdir("\(stage.tree.path)/p/fixture/9.9", 0o755)
        mkdir("\(stage.settings.workDirectory)/9.9", 0o755)
        try await stage.launcher { actor in
          let taken = try await actor.launcher.takeOver(
            open: kept(second, AttemptID(job: JobID(3), number: 1)))
          #expect(taken == [second])
          #expect(try stage.leaves() == ["fixture/2.1"])
          // They are removed beside the loop.
          try DirectoryWatch(stage.settings.workDirectory).wait { try stage.workDirectories() == ["2.1"] }
          actor.launcher.kill(second)
          _ = try await actor.ended(second)
          #expect(await actor.record.names(first) == [])
        }
        #expect(try stage.keepers() == [], "it keeps nothing of the one that was killed")
      }
    }

    @Test("output goes on in the same log after a take-over")
    func logGoesOn() async throws {
      try await Stage.use { stage in
        let script = "echo before; while ! [ -e go ]; do sleep 0.01; done; echo after"
        let command = JSONValue.array(["sh", "-c", script].map { .string($0) })
        let old = try Stage.Actor(stage)
        let id = old.launch(
          1, "exec", parameters: .object(["command": command]), plugin: try stage.shipped("exec"))
        try await old.record.started(id)
        let pieces = try #require(stage.logs.follow(id))
        for await _ in pieces { break }
        await old.stop()
        try await stage.launcher { actor in
          _ = try await actor.launcher.takeOver(open: kept(id, plugin: "exec"))
          try Data().write(to: URL(filePath: "\(stage.settings.workDirectory)/\(id)/go"))
          _ = try await actor.ended(id)
          #expect(try stage.log(id) == "before\nafter\n")
        }
      }
    }

    @Test("a runner that comes while the old keeper is about to end gets along", arguments: 0..<5)
    func quickRestart(_ round: Int) async throws {
      try await Stage.use { stage in
        for job in Int64(1)...4 {
          try await stage.launcher { actor in
            let taken = try await actor.launcher.takeOver(open: [])
            #expect(taken == [])
            let report = try await actor.run(job, "echo")
            #expect(report.exit == .exited(code: 0))
          }
        }
      }
    }

    @Test("a keeper that ends at once is reported, not waited for")
    func brokenHost() async throws {
      try await Stage.use(host: "/bin/false") { stage in
        try await stage.launcher { actor in
          let reason = try await actor.record.refused(actor.launch(1, "echo"))
          #expect(reason.contains("keeper"))
          await #expect(throws: LinuxError.self) { try await actor.launcher.takeOver(open: []) }
        }
      }
    }

    private func waitUntilEmpty(_ stage: Stage, _ id: AttemptID) async throws {
      let events = "\(stage.tree.path)/p/fixture/\(id)/cgroup.events"
      let population = Population(try KernelFile(opening: events, name: events))
      while try population.isAny() {
        var poller = pollfd(fd: population.descriptor, events: Int16(POLLPRI), revents: 0)
        guard poll(&poller, 1, 30_000) > 0 else { throw TestFailure("\(id) does not end") }
      }
    }
  }
}
