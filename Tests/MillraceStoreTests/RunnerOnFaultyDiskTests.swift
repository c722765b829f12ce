import GRDB
import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine
@testable import MillraceStore

extension FaultyDiskTests {
  /// The engine over such a store: what a runner does when its disk fails.
  @Suite("under a runner", .timeLimit(.minutes(2)))
  struct UnderRunner {
    init() { FaultyDisk.install() }

    @Test(
      "no job is taken, what runs goes on, and all is well when the cause goes",
      arguments: [FaultyDisk.Fault.full, .badWrite, .badSync, .busy])
    func passing(fault: FaultyDisk.Fault) async throws {
      try await withRunner { runner in
        let (first, second) = (try await runner.runningJob(), try await runner.runningJob())
        FaultyDisk.fail(runner.file, by: fault)
        try await runner.refuses(words: "cannot accept 1 jobs")
        // The disk is not asked again before it is time.
        try await runner.refuses(words: "the record cannot be written")
        await runner.engine.take(.ended(AttemptID(job: first, number: 1), Self.success))
        await runner.barrier()
        _ = try await runner.engine.cancel(second)
        try await runner.journal.wait(for: "terminate \(second).1")
        #expect(try await runner.store.job(first)?.state == .running)
        let status = await runner.engine.status()
        #expect(!status.isHealthy)
        #expect(status.recordTrouble?.contains("cannot accept") == true)
        #expect(status.notices.count == 1, "it is told once")
        FaultyDisk.mend()
        try await runner.passTime(RecordTrouble.interval)
        #expect(try await runner.store.job(first)?.state == .succeeded)
        #expect(await runner.engine.status().isHealthy)
        try await runner.finishes(second)
      }
    }

    @Test("damage is told with what to do, and the disk is left alone for a minute at a time")
    func lasting() async throws {
      try await withRunner { runner in
        let job = try await runner.runningJob()
        // Its pages are read anew, and are not what was written.
        runner.store.pool.releaseMemory()
        FaultyDisk.garble(runner.file)
        let refusal = try await runner.refuses(words: "cannot accept 1 jobs")
        #expect(refusal.hint?.contains("millrace doctor") == true)
        await runner.engine.take(.ended(AttemptID(job: job, number: 1), Self.success))
        let failures = FaultyDisk.failures
        for _ in 0..<50 {
          try await runner.passTime(.seconds(1))
          try await runner.refuses(words: "the record cannot be written")
        }
        #expect(FaultyDisk.mend() == failures)
        #expect(await runner.engine.status().notices.count == 1)
        try await runner.passTime(RecordTrouble.lastingInterval)
        #expect(try await runner.store.job(job)?.state == .succeeded)
        #expect(await runner.engine.status().isHealthy)
      }
    }

    @Test("a job whose input can't be read waits for the disk instead of failing")
    func payload() async throws {
      try await withRunner(slots: 1) { runner in
        let blocker = try await runner.runningJob()
        let job = try await runner.submit(input: [UInt8](repeating: 7, count: 200_000))
        runner.store.pool.releaseMemory()
        FaultyDisk.fail(runner.file, by: .badRead)
        await runner.engine.take(.ended(AttemptID(job: blocker, number: 1), Self.success))
        for _ in 0..<20 { try await runner.passTime(.seconds(1)) }
        #expect(!runner.journal.has("launch \(job).1"))
        FaultyDisk.mend()
        try await runner.passTime(.seconds(1))
        try await runner.journal.wait(for: "launch \(job).1")
        await runner.engine.take(.started(AttemptID(job: job, number: 1)))
        try await runner.finishes(job)
      }
    }

    private static let success = AttemptReport(
      exit: .exited(code: 0), usage: Usage(), word: .done(nil))

    private func withRunner(slots: Int = 2, _ body: (RunnerOnDisk) async throws -> Void) async throws {
      try await withDirectory { directory in
        let runner = try RunnerOnDisk(directory: directory, slots: slots)
        let task = Task { try await runner.engine.run() }
        defer { FaultyDisk.mend() }
        do {
          runner.engine.put(.catalog(Catalog(plugins: [RunnerOnDisk.tools], refused: [])))
          await runner.barrier()
          try await body(runner)
        } catch {
          FaultyDisk.mend()
          await runner.engine.stop()
          throw error
        }
        await runner.engine.stop()
        try await task.value
        try runner.store.close()
      }
    }
  }
}
