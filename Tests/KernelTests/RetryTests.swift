import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What a real end teaches the next attempt.
@Suite("Retries", .serialized, .timeLimit(.minutes(5)))
struct RetryTests {
  @Test("a job that passes its memory limit is tried again with twice as much, and succeeds")
  func moreMemory() async throws {
    try await RunnerUnderTest.with(plugins: ["balloon"]) { runner in
      let job = try await runner.submit(
        "balloon", "memory=60M", "--memory", "40M", "--attempts", "3", "--retry-delay", "100ms")
      #expect(try await runner.lastAttempt(of: job).outcome == .succeeded)
      let detail = try await runner.answer(JobDetail.self, "show", job)
      #expect(detail.attempts.map(\.outcome) == [.oomOwnLimit, .succeeded])
      #expect(detail.attempts.map(\.limits.memoryBytes) == [40 << 20, 80 << 20])
      #expect(detail.course?.nextMemoryBytes == 80 << 20)
    }
  }

  @Test("a job that crashes again and again is given up with the evidence, and can be tried again by hand")
  func poisoned() async throws {
    try await RunnerUnderTest.with(plugins: [], files: [try FixturePlugin.handlers()]) { runner in
      let job = try await runner.submit("crashes", "--attempts", "10", "--retry-delay", "100ms")
      #expect(try await runner.lastAttempt(of: job).outcome == .crashed)
      let detail = try await runner.answer(JobDetail.self, "show", job)
      #expect(detail.job.state == .failed && detail.job.attempts == 3)
      #expect(detail.job.reason?.code == "poisoned")
      #expect(detail.job.reason?.message.contains("attempt \(job).3 by SIGSEGV") == true)
      let dead = try await runner.answer(DeadPage.self, "dead", "list")
      #expect(dead.jobs.map { "\($0.job.id)" } == [job])
      #expect(try await runner.millrace("dead", "show", job).output.contains("crashed 3 times in a row"))
      #expect(try await runner.millrace("dead", "retry", job, "--attempts", "1").status == 0)
      #expect(try await runner.lastAttempt(of: job).id == "\(job).4")
      #expect(try await runner.millrace("dead", "retry", "--handler", "crashes").status == 2)
      #expect(try await runner.millrace("dead", "retry", "--handler", "crashes", "--yes").status == 0)
      _ = try await runner.lastAttempt(of: job)
      #expect(try await runner.millrace("dead", "purge", job).status == 0)
      #expect(try await runner.millrace("show", job).status == 4)
    }
  }

  @Test("a job that is not started in time, or has not ended in time, has failed with the reason")
  func bounds() async throws {
    let one = "capacity: {slots: 1}"
    try await RunnerUnderTest.with(plugins: ["spin"], configuration: one) { runner in
      let running = try await runner.submit("sleep", "seconds=600", "--finish-within", "6s")
      let waiting = try await runner.submit("sleep", "seconds=0", "--start-within", "1s")
      #expect(try await runner.millrace("wait", waiting, "--timeout", "60s").status == 1)
      let expired = try await runner.answer(JobDetail.self, "show", waiting)
      #expect(expired.job.reason?.code == "expired" && expired.attempts.isEmpty)
      #expect(try await runner.lastAttempt(of: running).outcome == .timedOut)
      #expect(try await runner.answer(JobDetail.self, "show", running).job.reason?.code == "deadline")
      #expect(try runner.leaves().isEmpty)
    }
  }

  @Test("a handler that keeps failing is not tried for a while, over a restart too, until it is reset")
  func breaker() async throws {
    let breaker = "breaker: {failures: 2, cool_down: 1h}"
    let runner = try RunnerUnderTest(configuration: breaker)
    try runner.install(file: try FixturePlugin.handlers())
    try await runner.start(handlers: 1)
    for _ in 0..<2 { _ = try await runner.lastAttempt(of: try await runner.submit("crashes")) }
    let job = try await runner.submit("crashes")
    #expect(try await runner.why(job).closed == [.breaker])
    await runner.stop()
    try await runner.start(handlers: 1)
    #expect(try await runner.why(job).closed == [.breaker])
    #expect(try await runner.millrace("handlers", "reset", "crashes").status == 0)
    #expect(try await runner.lastAttempt(of: job).outcome == .crashed)
    await runner.stop()
  }
}
