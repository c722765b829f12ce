import CMillraceLinux
import Glibc
import MillraceCore
import Testing
import TestSupport

@testable import MillraceLinux

extension StageTests {
  /// A process that comes into a leaf while that is killed, as one does that is born at that moment.
  @Suite struct EmptyingTests {
    @Test("a process that escaped is killed when that is due, and never before")
    func again() async throws {
      try await Stage.use { stage in
        let (leaf, other) = (try stage.leaf("1.1"), try stage.leaf("2.1"))
        #expect(try Emptying(of: leaf, at: 0) == nil, "there is nothing to kill")
        let first = try LeafProgram("exec sleep 100", in: leaf)
        let second = try LeafProgram("exec sleep 100", in: other)
        let emptying = try #require(try Emptying(of: leaf, at: 0))
        try emptying.kill(at: 0)
        #expect(first.reap() == SIGKILL)
        try CgroupTree.writeFile("\(stage.tree.path)/p/fixture/1.1/cgroup.procs", "\(second.pid)")
        #expect(emptying.nextKill == 10)
        try emptying.kill(at: 9)
        #expect(try leaf.processes() == [second.pid])
        #expect(try !emptying.isOver())
        try emptying.kill(at: 10)
        #expect(second.reap() == SIGKILL)
        #expect(try emptying.isOver())
        for leaf in [leaf, other] { try leaf.remove() }
      }
    }

    @Test("between two kills there are 10 ms, twice as many each time, and a second at most")
    func intervals() async throws {
      try await Stage.use { stage in
        let leaf = try stage.leaf("1.1")
        let program = try LeafProgram("exec sleep 100", in: leaf)
        let emptying = try #require(try Emptying(of: leaf, at: 0))
        var gaps: [Int64] = []
        for _ in 0..<9 {
          let due = emptying.nextKill
          try emptying.kill(at: due)
          gaps.append(emptying.nextKill - due)
        }
        #expect(gaps == [10, 20, 40, 80, 160, 320, 640, 1000, 1000])
        #expect(program.reap() == SIGKILL)
        try leaf.remove()
      }
    }

    @Test("an attempt ends although processes come into its leaf after the first kill")
    func attempt() async throws {
      try await Stage.launcher { stage, actor in
        let other = try stage.leaf("2.1")
        let programs = try (0..<300).map { _ in try LeafProgram("exec sleep 100", in: other) }
        // What it leaves behind takes its time to die: 256 MiB are given back.
        let id = actor.launch(1, "leaves_big")
        try await actor.record.progress(id)
        let members = "\(stage.freezer(id).leaf)/cgroup.procs"
        for program in programs {
          // In the end the leaf is gone.
          do { try CgroupTree.writeFile(members, "\(program.pid)") } catch { break }
          usleep(1000)
        }
        let report = try await actor.ended(id)
        #expect(report.exit == .exited(code: 0))
        try CgroupTree.writeFile("\(stage.tree.path)/p/fixture/cgroup.kill", "1")
        for program in programs { #expect(program.reap() == SIGKILL) }
      }
    }
  }
}
