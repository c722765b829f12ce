import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Pressure", .timeLimit(.minutes(1)))
struct PressureTests {
  /// What is measured when the attempts hold so much of the bench's GiB.
  private func machine(_ part: Double) -> MachineSample {
    MachineSample(treeMemory: Bytes(Int64(part * Double(1 << 30))))
  }

  /// Lets a second pass; returns when it was measured and taken in.
  private func pass(_ bench: Bench, to second: Int64) async throws {
    bench.clock.advance(by: .seconds(1))
    try await bench.clock.sleeper(until: Sample.time(second + 1))
    try await bench.settle()
  }

  @Test("freezes the last-ranked attempt, tells it, records it, and lets it go on when memory is free again")
  func freezing() async throws {
    let bench = Bench()
    try await bench.run {
      let first = AttemptID(try await bench.runningJob())
      let last = AttemptID(try await bench.runningJob())
      try await bench.clock.sleeper(until: Sample.time(1))
      bench.launcher.measure([:], machine: machine(0.95))
      for second in 1...11 { try await pass(bench, to: Int64(second)) }
      try await bench.recorded("frozen \(last)")
      #expect(bench.journal.has("freeze \(last)") && !bench.journal.has("freeze \(first)"))
      let status = await bench.engine.status()
      #expect(status.pressure == .critical && !status.isHealthy)
      #expect(
        status.notices.map(\.text) == [
          "memory pressure is critical: the attempts use 972.8 MiB of 1 GiB",
          "attempt \(last) is frozen: memory is critically short",
        ])
      bench.launcher.measure([:], machine: machine(0.1))
      try await pass(bench, to: 12)
      try await bench.recorded("thawed \(last)")
      #expect(bench.journal.has("thaw \(last)"))
      #expect(await bench.engine.status().isHealthy)
      let told = try await bench.store.record.transitions(after: 0, atMost: .max).flatMap(\.transitions)
        .filter { $0.kind == .pressureChanged }.map(\.details)
      #expect(told.map { $0["level"] } == [.string("critical"), .string("none")])
      #expect(told[0]["cause"] == .string("critical: the attempts use 972.8 MiB of 1 GiB"))
      let attempt = try #require(try await bench.store.attempts(of: last.job).first)
      #expect(attempt.frozenTime == .seconds(1) && attempt.frozenSince == nil)
    }
  }

  @Test("evicts what is frozen for too long; its job runs again and has lost no attempt")
  func eviction() async throws {
    let bench = Bench()
    try await bench.run {
      _ = try await bench.runningJob()
      let last = AttemptID(try await bench.runningJob())
      try await bench.clock.sleeper(until: Sample.time(1))
      bench.launcher.measure([:], machine: machine(0.95))
      for second in 1...41 { try await pass(bench, to: Int64(second)) }
      try await bench.journal.wait(for: "kill \(last)")
      bench.launcher.measure([:], machine: machine(0.1))
      try await bench.end(last, .killed)
      #expect(try await bench.store.attempts(of: last.job).first?.end?.outcome == .evicted)
      try await pass(bench, to: 42)
      try await bench.journal.wait(for: "launch \(AttemptID(last.job, 2))")
      #expect(try await bench.store.job(last.job)?.attemptsUsed == 0)
    }
  }

  @Test("starts nothing on a machine that is short of memory before anything runs, and looks until it is not")
  func before() async throws {
    let bench = Bench()
    let short = MachineSample(memoryTotal: .gibibytes(8), memoryAvailable: .mebibytes(100))
    bench.launcher.measure([:], machine: short)
    try await bench.run {
      let job = try await bench.submit()
      let gates = try #require(await bench.engine.standing(of: job)).gates
      #expect(gates.filter { !$0.isOpen }.map(\.gate) == [.pressure])
      try await bench.clock.sleeper(until: Sample.time(1))
      bench.launcher.measure(
        [:], machine: MachineSample(memoryTotal: .gibibytes(8), memoryAvailable: .gibibytes(8)))
      bench.clock.advance(by: .seconds(1))
      try await bench.journal.wait(for: "launch \(job).1")
    }
  }
}
