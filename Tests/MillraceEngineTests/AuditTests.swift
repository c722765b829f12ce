import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("The audit", .timeLimit(.minutes(1)))
struct AuditTests {
  /// Turns the clock on to the next look, which comes at that time.
  private func look(_ bench: Bench, at seconds: Int64) async throws {
    try await bench.clock.sleeper(until: Sample.time(seconds))
    bench.clock.advance(by: Sample.time(seconds) - bench.clock.now())
  }

  @Test(
    "looks a minute after a start and then each minute, tells of what leaks, and lets an idle runner sleep")
  func leaks() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.submit(wishes: Wishes(timeout: .seconds(36000)))
      try await bench.journal.wait(for: "launch \(job).1")
      try await bench.start(AttemptID(job))
      bench.launcher.plant(Leak(.leaf, "the cgroup `p/tools/9.9` was of no attempt; it was removed"))
      try await look(bench, at: 60)
      try await bench.journal.wait(for: "audit [\(job).1]")
      try await look(bench, at: 120)
      try await bench.journal.wait(for: "audit [\(job).1]", times: 2)
      try await bench.clock.sleeper(until: Sample.time(180))
      #expect(
        await bench.engine.status().notices.map(\.text) == [
          "the cgroup `p/tools/9.9` was of no attempt; it was removed"
        ])
      try await bench.end(AttemptID(job))
      try await bench.journal.wait(for: "release \(job).1")
      try await look(bench, at: 180)
      try await bench.journal.wait(for: "audit []")
      try await bench.settle()
      bench.clock.advance(by: .seconds(36000))
      try await bench.settle()
      let audits = bench.journal.entries.filter { $0.hasPrefix("audit") }
      #expect(audits == ["audit [\(job).1]", "audit [\(job).1]", "audit []"])
    }
  }

  @Test("an end that can't be recorded is no leak")
  func unrecorded() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.submit()
      try await bench.journal.wait(for: "launch \(job).1")
      try await bench.start(AttemptID(job))
      bench.store.fill()
      bench.launcher.say(.ended(AttemptID(job), .success))
      try await bench.journal.wait(for: "failed [ended \(job).1")
      try await look(bench, at: 60)
      try await bench.journal.wait(for: "audit [\(job).1]")
      bench.store.fill(false)
    }
  }

  @Test("a job that the record calls running and nobody runs is told, once")
  func record() async throws {
    let record = MemoryJobStore()
    let bench = Bench(record: record)
    try await bench.run {
      let job = try await bench.submit(wishes: Wishes(timeout: .seconds(36000)))
      try await bench.journal.wait(for: "launch \(job).1")
      try await bench.start(AttemptID(job))
      let odd = try await record.accept([Sample.plain(handler: "work")], at: Sample.time(0))[0].job
      try await record.commit([.starting(Sample.attempt(odd, 1))])
      // While something is not yet committed, the record is not compared.
      try await bench.settle()
      for minute in Int64(1)...3 { try await look(bench, at: minute * 60) }
      try await bench.clock.sleeper(until: Sample.time(240))
      #expect(
        await bench.engine.status().notices.map(\.text) == [
          "job \(odd) is on record as running and nobody runs it; a restart queues it again"
        ])
      try await bench.end(AttemptID(job))
    }
  }
}
