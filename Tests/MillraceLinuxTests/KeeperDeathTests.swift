import Glibc
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

/// What happens to attempts when the keeper is killed under them.
extension StageTests {
  @Suite struct KeeperDeathTests {
    private func kept(_ ids: AttemptID...) -> [KeptAttempt] {
      ids.map { KeptAttempt(attempt: $0, plugin: "fixture") }
    }

    /// Kills the keeper; returns when it has gone and another one is there.
    private func replaceKeeper(_ stage: Stage, _ actor: Stage.Actor) async throws {
      let keeper = try #require(try stage.keepers().first)
      Glibc.kill(keeper, SIGKILL)
      // One look at a time: between two the keeper may go.
      while try [[], [keeper]].contains(stage.keepers()) {
        _ = await actor.launcher.sample()  // The launcher's loop has had a turn.
      }
      #expect(access("/proc/\(keeper)", F_OK) != 0, "it was reaped")
    }

    /// How an exit is known here: by the kernel (Linux 6.15), or by nobody.
    private var tellsExits: Bool {
      var name = utsname()
      uname(&name)
      let words = text(of: name.release).split { $0 == "." || $0 == "-" }.compactMap { Int($0) }
      return words.count > 1 && (words[0], words[1]) >= (6, 15)
    }

    @Test("its attempts go on, are stopped as ever, and end with their own words and exits")
    func goesOn() async throws {
      try await Stage.launcher { stage, actor in
        let ids = (actor.launch(1, "waits"), actor.launch(2, "stubborn"))
        try await actor.record.progress(ids.0)
        try await actor.record.progress(ids.1)
        let processes = try stage.processes(ids.0)
        try await replaceKeeper(stage, actor)
        #expect(try stage.processes(ids.0) == processes)
        actor.launcher.terminate(ids.0)
        let asked = try await actor.ended(ids.0)
        #expect(asked.exit == (tellsExits ? .exited(code: 1) : nil))
        #expect(
          asked.word == .failed(Failure(code: "cancelled", message: "asked to stop", isRetryable: false)))
        actor.launcher.kill(ids.1)
        let killed = try await actor.ended(ids.1)
        #expect(killed.exit == (tellsExits ? .signalled(signal: SIGKILL) : nil))
        #expect(killed.word == nil)
        #expect(try stage.leaves() == [])
        #expect(try await actor.run(3, "echo").exit == .exited(code: 0))
        #expect(try stage.keepers().count == 1)
      }
    }

    @Test("what runs is handed to a new keeper, where the next launcher finds it")
    func handedOver() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        let id = old.launch(1, "waits")
        try await old.record.progress(id)
        try await replaceKeeper(stage, old)
        await old.stop()
        try await stage.launcher { actor in
          #expect(try await actor.launcher.takeOver(open: kept(id)) == [id])
          actor.launcher.terminate(id)
          let report = try await actor.ended(id)
          #expect(report.exit == (tellsExits ? .exited(code: 1) : nil))
          guard case .failed = report.word else { throw TestFailure("\(report)") }
          #expect(try stage.leaves() == [])
        }
        #expect(try stage.keepers() == [], "it keeps nothing any more")
      }
    }

    @Test("an end that was told and not released goes to the new keeper too")
    func endHandedOver() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        let id = old.launch(1, "echo")
        let report = try await old.record.ended(id)
        try await replaceKeeper(stage, old)
        await old.stop()
        try await stage.launcher { actor in
          let taken = try await actor.launcher.takeOver(open: kept(id))
          #expect(taken == [id])
          #expect(try await actor.ended(id) == report)
        }
      }
    }

    @Test("a keeper that dies before anybody took over loses nothing")
    func beforeTakeOver() async throws {
      try await Stage.use { stage in
        let old = try Stage.Actor(stage)
        let id = old.launch(1, "waits")
        try await old.record.progress(id)
        await old.stop()
        try await stage.launcher { actor in
          _ = try await actor.launcher.describe(stage.plugin.path)
          let keeper = try #require(try stage.keepers().first)
          Glibc.kill(keeper, SIGKILL)
          while access("/proc/\(keeper)", F_OK) == 0 { _ = await actor.launcher.sample() }
          #expect(try await actor.launcher.takeOver(open: kept(id)) == [id])
          actor.launcher.terminate(id)
          guard case .failed = try await actor.ended(id).word else { throw TestFailure("no word") }
        }
      }
    }

    @Test("an attempt that was just being started runs or is refused, and never twice", arguments: 0..<8)
    func starting(_ round: Int) async throws {
      try await Stage.launcher { stage, actor in
        _ = try await actor.run(1, "echo")
        let keeper = try #require(try stage.keepers().first)
        let ids = (2...9).map { actor.launch($0, "echo") }
        if round > 3 { _ = await actor.launcher.sample() }  // All of them were asked for.
        Glibc.kill(keeper, SIGKILL)
        for id in ids {
          let event = try await actor.record.first {
            switch $0 {
            case .ended(id, _), .refused(id, _): true
            case .started, .refused, .notice, .progress, .ended, .placed, .late, .cluster: false
            }
          }
          switch event {
          case .ended(_, let report): #expect(report.word != nil && (report.exit == nil || tellsExits))
          case .refused(_, let reason): #expect(reason.contains("keeper"))
          case .started, .notice, .progress, .placed, .late, .cluster: Issue.record("no end")
          }
          actor.launcher.release([id])
          #expect(await actor.record.names(id).filter { $0 == "ended" || $0 == "refused" }.count == 1)
        }
        #expect(try await actor.run(99, "echo").exit == .exited(code: 0))
        #expect(try stage.leaves() == [])
      }
    }

    @Test("the main process of a leaf is the one that was there first")
    func mainProcess() async throws {
      try await Stage.launcher { stage, actor in
        let command = JSONValue.array(["sh", "-c", "sleep 600 & echo up; wait"].map { .string($0) })
        let id = actor.launch(
          1, "exec", parameters: .object(["command": command]), plugin: try stage.shipped("exec"))
        try await actor.record.started(id)
        for await _ in try #require(stage.logs.follow(id)) { break }
        let leaf = try Leaf(existing: "\(id)", in: try stage.tree.pluginGroup("exec"))
        let main = try #require(try leaf.mainProcess())
        let information = try textFile("/proc/self/fdinfo/\(main.descriptor.number)")
        let pid = information.split(separator: "\n").first { $0.hasPrefix("Pid:") }?.split(separator: "\t")
          .last
        #expect(try stage.processes(id, plugin: "exec").count == 3)
        let number = try #require(pid.flatMap { Int32($0) })
        let keeper = try stage.keepers().first
        #expect(try ProcessStat(of: number)?.parent == keeper)
        actor.launcher.kill(id)
        _ = try await actor.ended(id)
      }
    }

    @Test("the text of a process's `stat` is read whatever its name is")
    func stat() throws {
      let numbers = (1...30).map(String.init).joined(separator: " ")
      let stat = try ProcessStat(text: "77 (a) b) R 5 6 7 \(numbers)\n")
      #expect(stat.parent == 5)
      #expect(stat.startTime == 16, "field 22")
      #expect(throws: LinuxError.self) { try ProcessStat(text: "77 (a) R 5") }
    }
  }
}
