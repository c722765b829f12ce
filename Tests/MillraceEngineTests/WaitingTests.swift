import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Waiting for a job", .timeLimit(.minutes(1)))
struct WaitingTests {
  @Test("ends at once if the job has ended")
  func alreadyEnded() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      try await bench.end(AttemptID(job))
      #expect(try await bench.engine.wait(for: job, atMost: .seconds(3600)).state == .succeeded)
    }
  }

  @Test("ends with the job, for everybody who waits")
  func endsLater() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      async let first = bench.engine.wait(for: job, atMost: .seconds(7200))
      try await bench.clock.sleeper(until: Sample.time(7200))
      async let second = bench.engine.wait(for: job, atMost: .seconds(3600))
      try await bench.clock.sleeper(until: Sample.time(3600))
      try await bench.end(AttemptID(job))
      #expect(try await first.state == .succeeded)
      #expect(try await second.state == .succeeded)
    }
  }

  @Test("leaves no sleep behind: one alarm is for all who wait, and is set anew")
  func oneAlarm() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      let answerTime = Sample.time(10)
      let late = Sample.time(20) + .milliseconds(500)
      async let waited = bench.engine.wait(for: job, atMost: late - Sample.time(0))
      try await bench.clock.sleeper(until: late)
      for _ in 1...20 { _ = try await bench.engine.reprioritise(job, to: .default) }
      try await bench.clock.sleeper(until: answerTime)
      bench.clock.advance(by: .seconds(10))
      try await bench.clock.sleeps.wait { $0.count { $0 == late } == 2 }
      #expect(bench.clock.sleeps.entries.count { $0 == answerTime } == 1)
      bench.clock.advance(by: .seconds(11))
      #expect(try await waited.state == .running)
    }
  }

  @Test("goes on over a retry")
  func retry() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      async let waited = bench.engine.wait(for: job, atMost: .seconds(3600))
      try await bench.clock.sleeper(until: Sample.time(3600))
      try await bench.end(AttemptID(job), .crash)
      try await bench.clock.sleeper(until: Sample.time(1))
      bench.clock.advance(by: .seconds(1))
      try await bench.journal.wait(for: "launch \(job).2")
      try await bench.start(AttemptID(job, 2))
      try await bench.end(AttemptID(job, 2))
      let ended = try await waited
      #expect(ended.state == .succeeded && ended.attempts == 2 && ended.attemptsUsed == 2)
    }
  }

  @Test("ends with a job that is cancelled while it is queued")
  func cancelled() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      _ = try await bench.runningJob()
      let job = try await bench.submit()
      async let waited = bench.engine.wait(for: job, atMost: .seconds(3600))
      try await bench.clock.sleeper(until: Sample.time(3600))
      _ = try await bench.engine.cancel(job)
      #expect(try await waited.state == .cancelled)
    }
  }

  @Test("returns the job as it is when the time is up")
  func timeUp() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      async let waited = bench.engine.wait(for: job, atMost: .seconds(5))
      try await bench.clock.sleeper(until: Sample.time(5))
      bench.clock.advance(by: .seconds(5))
      #expect(try await waited.state == .running)
      #expect(try await bench.engine.wait(for: job, atMost: .zero).state == .running)
    }
  }

  @Test("ends when the one who waits is cancelled")
  func cancelledCaller() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      let waiter = Task { try await bench.engine.wait(for: job, atMost: .seconds(3600)) }
      try await bench.clock.sleeper(until: Sample.time(3600))
      waiter.cancel()
      #expect(try await waiter.value.state == .running)
      let late = Task {
        try await bench.clock.sleep(until: Sample.time(9))
        return try await bench.engine.wait(for: job, atMost: .seconds(7200))
      }
      late.cancel()
      await #expect(throws: CancellationError.self) { try await late.value }
    }
  }

  @Test("for a job that is not there is refused")
  func noJob() async throws {
    let bench = Bench()
    try await bench.run {
      let refusal = try await #require(throws: Refusal.self) {
        try await bench.engine.wait(for: JobID(9), atMost: .seconds(1))
      }
      #expect(refusal.kind == .notFound)
    }
  }
}
