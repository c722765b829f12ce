import CMillraceLinux
import Glibc
import MillraceCore
import Testing
import TestSupport

@testable import MillraceLinux

extension StageTests {
  @Suite struct LeafTests {
    @Test("a leaf is made once, and removed when it is empty")
    func makeAndRemove() async throws {
      try await Stage.use { stage in
        let leaf = try stage.leaf()
        #expect(try stage.leaves() == ["fixture/1.1"])
        let error = #expect(throws: LinuxError.self) { try stage.leaf() }
        #expect(error?.reason == .kernel(EEXIST))
        #expect(try stage.leaves() == ["fixture/1.1"], "the first one's is still there")
        try leaf.remove()
        #expect(try stage.leaves() == [])
      }
    }

    @Test("a leaf whose limits can't be set is gone again")
    func limitsRefused() async throws {
      try await Stage.use { stage in
        let error = #expect(throws: LinuxError.self) {
          try Leaf(
            name: "1.1", in: stage.group(controllers: ["memory"]), limits: Stage.limits,
            priority: .default)
        }
        #expect(error?.doing == "set `memory.max` to 67108864 on `1.1`")
        let leaves = try stage.leaves()
        #expect(leaves == [])
      }
    }

    @Test("waiting for the last process does not spin, and its end is not missed")
    func population() async throws {
      try await Stage.use { stage in
        let leaf = try stage.leaf()
        let program = try LeafProgram("read x </dev/zero; sleep 100", in: leaf)
        let population = try leaf.population()
        #expect(try population.isAny())
        var poller = pollfd(fd: population.descriptor, events: Int16(POLLPRI), revents: 0)
        #expect(poll(&poller, 1, 0) == 0, "nothing has changed since it was read")
        try leaf.kill()
        #expect(poll(&poller, 1, 30_000) == 1)
        _ = program.reap()
        #expect(try !population.isAny())
        #expect(poll(&poller, 1, 0) == 0)
        try leaf.remove()
      }
    }

    @Test("a signal goes to every process of the leaf, and to no other")
    func signal() async throws {
      try await Stage.use { stage in
        let leaf = try stage.leaf()
        let other = try stage.leaf("2.1")
        let inside = try (0..<70).map { _ in try LeafProgram("exec sleep 100", in: leaf) }
        let outside = try LeafProgram("exec sleep 100", in: other)
        #expect(try leaf.processes().count == 70)
        try leaf.signal(SIGTERM)
        for program in inside { #expect(program.reap() == SIGTERM) }
        try leaf.signal(SIGTERM)
        #expect(try other.processes().count == 1)
        try other.kill()
        #expect(outside.reap() == SIGKILL)
        try leaf.remove()
        try other.remove()
      }
    }

    @Test("without controllers only processor time is known, and the rest is not taken for 0")
    func usage() async throws {
      try await Stage.use { stage in
        let leaf = try stage.leaf()
        _ = try LeafProgram("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done", in: leaf).reap()
        let final = try leaf.finalUsage(ReadingBuffer())
        let usage = final.usage
        #expect(try #require(usage.cpuUser) + #require(usage.cpuSystem) > .zero)
        #expect(usage.memoryPeak == nil)
        #expect(usage.pidsPeak == nil)
        #expect(usage.oomKills == nil)
        #expect(usage.ioRead == nil)
        #expect(!final.isKilledByOthersMemory)
        try leaf.remove()
      }
    }
  }
}
