import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

@Suite("The walls around all jobs", .timeLimit(.minutes(5)))
struct WallTests {
  private func file(_ runner: RunnerUnderTest, _ name: String) throws -> String {
    try String(contentsOfFile: "/sys/fs/cgroup\(runner.group)/\(name)", encoding: .utf8)
  }

  @Test("all attempts together can't hold more than the capacity and a sixteenth")
  func wall() async throws {
    let some = "capacity: {memory: 160M}"
    try await RunnerUnderTest.with(plugins: ["spin"], configuration: some) { runner in
      let limit = try file(runner, "p/memory.max")
      #expect(limit == "\(170 << 20)\n")
      let capacity = try await runner.answer(StatusView.self, "status").capacity
      #expect(capacity.memoryBytes == 160 << 20)
    }
  }

  @Test("a limit that somebody else put on the runner's group bounds what it gives out")
  func bounds() async throws {
    let runner = try RunnerUnderTest(plugins: ["spin"])
    let group = "/sys/fs/cgroup" + runner.group
    try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: true)
    for (name, value) in [("memory.max", "\(200 << 20)"), ("cpu.max", "50000 100000")] {
      try value.write(toFile: "\(group)/\(name)", atomically: false, encoding: .utf8)
    }
    try await runner.start(handlers: 1)
    let capacity = try await runner.answer(StatusView.self, "status").capacity
    #expect(capacity.memoryBytes == 160 << 20 && capacity.cpuMillis == 500)
    // No job can have more than there is: it is refused, with what would fit.
    let refused = try await runner.millrace("submit", "spin", "cpu_seconds=1", "--memory", "170M")
    #expect(refused.status == 4 && refused.errors.contains("160 MiB"))
    #expect(await runner.stop() == 0)
  }
}
