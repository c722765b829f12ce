import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Cancelling, timing out, draining, stopping", .timeLimit(.minutes(1)))
struct StoppingTests {
  @Test("a queued job is cancelled, and nothing of it ever starts")
  func cancelQueued() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let running = try await bench.runningJob()
      let job = try await bench.submit()
      _ = try await bench.engine.cancel(job)
      try await bench.recorded("cancelled \(job)")
      #expect(try await bench.state(job) == .cancelled)
      #expect(await bench.engine.standing(of: job) == nil)
      try await bench.end(AttemptID(running))
      try await bench.settle()
      #expect(!bench.journal.has("launch \(job)"))
    }
  }

  @Test("a running job is asked to end, and killed when its grace is over")
  func cancelRunning() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      #expect(try await bench.engine.cancel(job).state == .running)
      try await bench.journal.wait(for: "terminate \(job).1")
      try await bench.clock.sleeper(until: Sample.time(5))
      bench.clock.advance(by: .seconds(5))
      try await bench.journal.wait(for: "kill \(job).1")
      try await bench.end(AttemptID(job), .killed)
      #expect(try await bench.state(job) == .cancelled)
    }
  }

  @Test("a job that is starting is stopped as soon as it exists")
  func cancelStarting() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.submit()
      try await bench.journal.wait(for: "launch \(job).1")
      _ = try await bench.engine.cancel(job)
      try await bench.settle()
      #expect(!bench.journal.has("terminate"))
      try await bench.start(AttemptID(job))
      #expect(bench.journal.has("terminate \(job).1"))
    }
  }

  @Test("a job that has ended, or never was, can't be cancelled")
  func cancelEnded() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      try await bench.end(AttemptID(job))
      let ended = try await #require(throws: Refusal.self) { try await bench.engine.cancel(job) }
      #expect(ended == Refusal(.conflict, "job 1 has ended already: succeeded"))
      let unknown = try await #require(throws: Refusal.self) { try await bench.engine.cancel(JobID(9)) }
      #expect(unknown.kind == .notFound)
    }
  }

  @Test("an attempt whose time is up is asked to end, killed, and tried again")
  func timeout() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      bench.clock.advance(by: .seconds(60))
      try await bench.journal.wait(for: "terminate \(job).1")
      bench.clock.advance(by: .seconds(5))
      try await bench.journal.wait(for: "kill \(job).1")
      try await bench.end(AttemptID(job), .killed)
      #expect(bench.journal.has("ended \(job).1 timedOut"))
      bench.clock.advance(by: .seconds(1))
      try await bench.journal.wait(for: "launch \(job).2")
    }
  }

  @Test("an attempt that could not be started is tried again later")
  func refusedStart() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.submit()
      try await bench.journal.wait(for: "launch \(job).1")
      bench.launcher.say(.refused(AttemptID(job), reason: "no memory"))
      try await bench.recorded("ended \(job).1 lost")
      bench.clock.advance(by: .seconds(1))
      try await bench.journal.wait(for: "launch \(job).2")
      #expect(try await bench.store.job(job)?.attemptsUsed == 0)
    }
  }

  @Test("a drain with nothing running is over at once, and no job is taken after it")
  func idleDrain() async throws {
    let bench = Bench()
    try await bench.run {
      #expect(await bench.engine.drain(atMost: .seconds(3600)) == 0)
      let refusal = try await #require(throws: Refusal.self) { try await bench.submit() }
      #expect(refusal.kind == .draining)
      #expect(await bench.engine.status().draining)
    }
  }

  @Test("a drain lets what runs end, starts nothing more, and is over when the end is on record")
  func busyDrain() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let running = try await bench.runningJob()
      let waiting = try await bench.submit()
      async let left = bench.engine.drain(atMost: .seconds(3600))
      try await bench.clock.sleeper(until: Sample.time(3600))
      bench.store.hold()
      bench.launcher.say(.ended(AttemptID(running), .success))
      try await bench.journal.wait(for: "commit [ended \(running).1")
      bench.store.release()
      #expect(await left == 0)
      #expect(try await bench.state(running) == .succeeded)
      #expect(try await bench.state(waiting) == .queued)
      #expect(!bench.journal.has("launch \(waiting)"))
    }
  }

  @Test("a drain whose time is up leaves what runs to the keeper")
  func drainTimeUp() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      async let left = bench.engine.drain(atMost: .seconds(30))
      try await bench.clock.sleeper(until: Sample.time(30))
      bench.clock.advance(by: .seconds(30))
      #expect(await left == 1)
      #expect(try await bench.state(job) == .running)
      #expect(!bench.journal.has("terminate"))
    }
  }

  @Test("whoever submits or waits while the engine stops gets an answer")
  func answersAtTheEnd() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      let waiter = Task { try await bench.engine.wait(for: job, atMost: .seconds(3600)) }
      try await bench.clock.sleeper(until: Sample.time(3600))
      bench.store.hold()
      let first = Task { try await bench.submit() }
      try await bench.journal.wait(for: "commit [accepted 2")
      // These two come while the last tick is under way, and after it.
      await bench.engine.stop()
      let second = Task { try await bench.submit() }
      bench.store.release()
      _ = try await first.value
      #expect(try await waiter.value.state == .running)
      let refusal = await #expect(throws: Refusal.self) { try await second.value }
      #expect(refusal?.kind == .draining)
      let third = try await #require(throws: Refusal.self) { try await bench.submit() }
      #expect(third.kind == .draining)
      let late = try await #require(throws: Refusal.self) { try await bench.engine.cancel(job) }
      #expect(late.kind == .draining)
      #expect(try await bench.engine.wait(for: job, atMost: .seconds(9999)).state == .running)
    }
  }

  @Test("a stop may come twice, and before the start")
  func stopTwice() async throws {
    let bench = Bench()
    await bench.engine.stop()
    await bench.engine.stop()
    try await bench.engine.run()
    await bench.engine.stop()
    await #expect(throws: Refusal.self) { try await bench.engine.submit([]) }
  }
}
