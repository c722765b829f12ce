import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Retries on record", .timeLimit(.minutes(1)))
struct RetryTests {
  private static let ownLimit = AttemptReport(
    exit: .signalled(signal: 9), usage: Usage(memoryPeak: .mebibytes(64), oomKills: 1), word: nil)

  @Test("what an attempt leaves to the next one is on record with its end, and the next runner goes by it")
  func carried() async throws {
    let record = MemoryJobStore()
    let bench = Bench(record: record)
    var job = JobID(0)
    try await bench.run {
      job = try await bench.runningJob()
      try await bench.end(AttemptID(job), Self.ownLimit)
      #expect(bench.journal.has("ended \(job).1 oomOwnLimit, carried \(job)"))
    }
    #expect(try await record.job(job)?.carryover.memory == .mebibytes(128))
    let next = Bench(record: record, at: Sample.time(100))
    try await next.run {
      try await next.journal.wait(for: "launch \(job).2")
      #expect(try await record.attempts(of: job).map(\.limits.memory) == [.mebibytes(64), .mebibytes(128)])
    }
  }

  @Test("a job that failed begins anew with other limits; one that has not failed is refused by its state")
  func retry() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      await #expect(throws: Refusal.self) { try await bench.engine.retry([job], RetryRequest()) }
      try await bench.end(AttemptID(job), .final)
      #expect(try await bench.state(job) == .failed)
      var request = RetryRequest()
      request.moreMemory = 50
      let jobs = try await bench.engine.retry([job], request)
      #expect(jobs.map(\.id) == [job])
      #expect(jobs.first?.submission.terms.limits.memory == .mebibytes(96))
      #expect(jobs.first?.attemptsUsed == 0)
      try await bench.journal.wait(for: "launch \(job).2")
      request.moreMemory = nil
      request.wishes.memory = .gibibytes(100)
      await #expect(throws: Refusal.self) { try await bench.engine.retry([job], request) }
      await #expect(throws: Refusal.self) { try await bench.engine.retry([JobID(99)], RetryRequest()) }
    }
  }

  @Test("an open breaker is noted for the next runner, and a reset one is forgotten")
  func breaker() async throws {
    let record = MemoryJobStore()
    let bench = Bench(record: record)
    try await bench.run {
      for number in 1...10 as ClosedRange<Int64> {
        let job = try await bench.submit(wishes: Wishes(maxAttempts: 1))
        try await bench.journal.wait(for: "launch \(number).1")
        try await bench.start(AttemptID(job))
        try await bench.end(AttemptID(job), .crash)
      }
      try await bench.recorded("memo breaker work")
      #expect(await bench.engine.breakers().map(\.phase) == [.open])
      #expect(await bench.engine.status().notices.last?.text.contains("breaker of `work` is open") == true)
    }
    let next = Bench(record: record, at: Sample.time(1))
    try await next.run {
      let job = try await next.submit()
      try await next.settle()
      #expect(try await next.state(job) == .queued)
      try await next.engine.resetBreaker(of: "work")
      try await next.journal.wait(for: "launch \(job).1")
      #expect(try await record.memos().isEmpty)
      await #expect(throws: Refusal.self) { try await next.engine.resetBreaker(of: "nobody") }
    }
  }

  @Test("a handler whose jobs have nothing in common is tried again however many fail")
  func unrelated() async throws {
    let bench = Bench()
    var tools = Bench.tools
    tools.handlers[0].hasUnrelatedJobs = true
    try await bench.run(catalog: [tools]) {
      for number in 1...12 as ClosedRange<Int64> {
        let job = try await bench.submit(wishes: Wishes(maxAttempts: 1))
        try await bench.journal.wait(for: "launch \(number).1")
        try await bench.start(AttemptID(job))
        try await bench.end(AttemptID(job), .crash)
      }
      #expect(await bench.engine.breakers() == [])
    }
  }

  @Test("a job that waits beyond its time has failed on record")
  func expired() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      _ = try await bench.runningJob()
      let job = try await bench.submit(wishes: Wishes(startWithin: .seconds(30)))
      try await bench.settle()
      bench.clock.advance(by: .seconds(30))
      try await bench.recorded("failed \(job)")
      #expect(try await bench.store.job(job)?.reason == .expired(.seconds(30)))
    }
  }
}
