import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("A full disk", .timeLimit(.minutes(1)))
struct DiskFullTests {
  @Test("a job that can't be written is refused, and nothing of it is left")
  func submission() async throws {
    let bench = Bench()
    try await bench.run {
      bench.store.fill()
      let refusal = try await #require(throws: Refusal.self) { try await bench.submit() }
      #expect(refusal.kind == .storage)
      #expect(refusal.message.contains("no space left on device"))
      #expect(await bench.engine.status().queued == 0)
      bench.store.fill(false)
      bench.clock.advance(by: .seconds(1))
      _ = try await bench.submit()
    }
  }

  @Test("nothing is started and no job is taken while the record can't be written, but stops work")
  func stopsWork() async throws {
    let bench = Bench(slots: 2)
    try await bench.run {
      let first = try await bench.runningJob()
      let second = try await bench.runningJob()
      let waiting = try await bench.submit()
      bench.store.fill()
      bench.launcher.say(.ended(AttemptID(first), .success))
      try await bench.journal.wait(for: "failed [ended \(first).1 succeeded, starting \(waiting).1]")
      let refusal = try await #require(throws: Refusal.self) { try await bench.submit() }
      #expect(refusal.kind == .storage)
      _ = try await bench.engine.cancel(second)
      try await bench.journal.wait(for: "terminate \(second).1")
      bench.clock.advance(by: .seconds(5))
      try await bench.journal.wait(for: "kill \(second).1")
      #expect(!bench.journal.has("launch \(waiting).1"))
      #expect(try await bench.state(first) == .running)
    }
  }

  @Test("when there is room again everything that happened is recorded in order, and work goes on")
  func recovery() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let first = try await bench.runningJob()
      let second = try await bench.submit()
      let third = try await bench.submit()
      bench.store.fill()
      bench.launcher.say(.ended(AttemptID(first), .success))
      try await bench.journal.wait(for: "failed [ended 1.1")
      async let waited = bench.engine.wait(for: first, atMost: .seconds(3600))
      _ = try await bench.engine.cancel(third)
      try await bench.settled()
      #expect(!bench.journal.has("release"), "if the runner died now, its end must be told again")
      bench.store.fill(false)
      bench.clock.advance(by: .seconds(1))
      try await bench.journal.wait(for: "release \(first).1")
      try await bench.journal.wait(for: "launch \(second).1")
      #expect(bench.journal.has("committed [ended 1.1 succeeded, starting 2.1, cancelled 3]"))
      #expect(try await waited.state == .succeeded)
      #expect(try await bench.state(third) == .cancelled)
      _ = try await bench.submit()
    }
  }

  @Test("a wait for a job whose end can't be recorded does not end before it is")
  func waitForRecord() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      bench.store.fill()
      bench.launcher.say(.ended(AttemptID(job), .success))
      try await bench.journal.wait(for: "failed [ended 1.1")
      try await bench.settled()
      async let waited = bench.engine.wait(for: job, atMost: .seconds(3600))
      try await bench.clock.sleeper(until: Sample.time(3600))
      bench.store.fill(false)
      bench.clock.advance(by: .seconds(1))
      #expect(try await waited.state == .succeeded)
    }
  }

  @Test("a write that the record contradicts is tried once a minute, and a new runner goes by the record")
  func contradiction() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      bench.store.fail { call in call == "commit" ? .isTorn(.inputOutput) : nil }
      bench.launcher.say(.ended(AttemptID(job), .success))
      try await bench.journal.wait(for: "torn [ended 1.1")
      try await bench.settled()
      bench.store.fail(by: nil)
      bench.clock.advance(by: .seconds(1))
      try await bench.clock.sleeper(until: Sample.time(61))
      let refusal = try await #require(throws: Refusal.self) { try await bench.submit() }
      #expect(refusal.kind == .storage)
      #expect(refusal.message.contains("job `1` is `succeeded`"))
      #expect(await bench.engine.status().isHealthy == false)
      #expect(bench.journal.entries.count { $0.hasPrefix("commit [ended 1.1") } == 2)
    }
    let next = Bench(record: bench.store.record, at: Sample.time(100))
    try await next.run {
      let job = try await next.submit()
      #expect(job == JobID(2))
      #expect(await next.engine.status().isHealthy)
    }
  }

  @Test("a job whose input can't be read is lost for now, not failed")
  func unreadableInput() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let first = try await bench.runningJob()
      let job = try await bench.submit(input: [1])
      bench.store.losePayloads()
      try await bench.end(AttemptID(first))
      try await bench.recorded("ended \(job).1 lost")
      let end = try await bench.store.attempts(of: job).first?.end
      #expect(end?.failure?.message == "cannot read its input: input/output error")
      #expect(try await bench.state(job) == .scheduled)
      #expect(!bench.journal.has("launch \(job)"))
    }
  }
}
