import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("What is learned", .timeLimit(.minutes(1)))
struct LearningTests {
  /// A record of attempts at `work` that have ended, each with a peak of so many MiB and 2 s of run time.
  private func record(peaks: [Int64]) async throws -> MemoryJobStore {
    let store = MemoryJobStore()
    for peak in peaks {
      let id = try await store.submit([Sample.plain(handler: "work")], at: Sample.time(0))[0]
      let attempt = AttemptID(id)
      try await store.commit([
        .starting(Sample.attempt(id, handler: "work")), .running(attempt, at: Sample.time(12)),
      ])
      let usage = Usage(memoryPeak: .mebibytes(peak), cpuUser: .seconds(1), cpuSystem: .zero)
      let end = AttemptEnd(outcome: .succeeded, ended: Sample.time(14), exit: .exited(code: 0), usage: usage)
      try await store.commit([.ended(attempt, end, next: .done(.succeeded))])
    }
    return store
  }

  @Test("survives a restart: a job counts with what its handler has shown before")
  func restart() async throws {
    let bench = Bench(record: try await record(peaks: [3, 3, 3, 5, 4, 3]), at: Sample.time(100))
    try await bench.run {
      let job = try await bench.runningJob()
      #expect(await bench.engine.status().used.memory == .mebibytes(5))
      let admission = try #require(try await bench.store.attempts(of: job).first?.admission)
      #expect(admission.basis == .maximum(of: 6) && admission.demand.cpuMillis == 500)
    }
  }

  @Test("is told per handler, and a handler that nobody knows is an error")
  func statistics() async throws {
    let bench = Bench(record: try await record(peaks: [3, 5]), at: Sample.time(100))
    try await bench.run {
      let figures = try #require(try await bench.engine.statistics(of: "work").first)
      #expect(figures.attempts == 2 && figures.memory?.max == Bytes.mebibytes(5).rawValue)
      #expect(try await bench.engine.statistics(of: "other") == [])
      await #expect(throws: Refusal.self) { try await bench.engine.statistics(of: "nobody") }
    }
  }

  @Test("makes a recommendation when there is enough of it")
  func recommendation() async throws {
    let few = Bench(record: try await record(peaks: [3, 5]), at: Sample.time(100))
    try await few.run {
      let nothing = try await few.engine.recommendation(for: "work")
      #expect(nothing.isEmpty && nothing.attempts == 2)
    }
    let many = Bench(record: try await record(peaks: Array(repeating: 3, count: 20)), at: Sample.time(100))
    try await many.run {
      let recommendation = try await many.engine.recommendation(for: "work")
      #expect(recommendation.memory?.present == .mebibytes(64))
      #expect(recommendation.memory?.recommended == .mebibytes(16))
      #expect(recommendation.timeout?.recommended == .seconds(8))
      await #expect(throws: Refusal.self) { try await many.engine.recommendation(for: "nobody") }
    }
  }

  @Test("raises the limit of jobs that declare none, never above the machine, and never lowers one")
  func limits() async throws {
    let bench = Bench(record: try await record(peaks: [64, 64, 64, 64, 64]), at: Sample.time(100))
    try await bench.run {
      let undeclared = try await bench.engine.rehearse(JobRequest(handler: "work"))
      #expect(undeclared.submission.terms.limits.memory == .mebibytes(96))
      let declared = try await bench.engine.rehearse(
        JobRequest(handler: "work", wishes: Wishes(memory: .mebibytes(32))))
      #expect(declared.submission.terms.limits.memory == .mebibytes(32))
    }
    let small = Bench(record: try await record(peaks: [3, 3, 3, 3, 3]), at: Sample.time(100))
    try await small.run {
      let trial = try await small.engine.rehearse(JobRequest(handler: "work"))
      #expect(trial.submission.terms.limits.memory == .mebibytes(64))
    }
  }
}
