import MillraceCore
import Testing

@testable import MillraceSimulator

@Suite("Tasks with measured memory")
struct TaskTests {
  private static func replay(
    _ jobs: some Sequence<KnownJob>, _ machine: TaskMachine
  ) throws -> WorkloadFigures {
    var replay = Replay(jobs, policy: machine.policy, memory: machine.memory)
    try replay.run()
    return replay.figures
  }

  @Test("are done a quarter sooner when admission knows their peaks", arguments: [1, 2, 3] as [UInt64])
  func proof(seed: UInt64) throws {
    let (cpu, memory, count) = (Int64(32_000), Bytes.gibibytes(64), 1500)
    let tasks = MadeTasks(count, seed: seed, cpuMillis: cpu, memory: memory)
    for task in tasks {
      let ratio = Double(task.submission.terms.limits.memory.rawValue) / Double(task.peak?.rawValue ?? 1)
      #expect((1.9...150).contains(ratio))
    }
    let asked = try Self.replay(tasks, TaskMachine(cpuMillis: cpu, memory: memory, admission: .requested))
    let learned = try Self.replay(tasks, TaskMachine(cpuMillis: cpu, memory: memory, admission: .learned))
    print("seed \(seed): requested \(asked) learned \(learned)")
    #expect(asked.jobs == count && learned.jobs == count)
    #expect(asked.outOfMemoryKills == 0)
    #expect(learned.makespan <= asked.makespan * 0.75)
    #expect(Double(learned.outOfMemoryKills) <= Double(count) / 100)
    #expect(learned.failed == 0)
  }
}
