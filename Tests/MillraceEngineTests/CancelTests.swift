import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Cancellations that last", .timeLimit(.minutes(1)))
struct CancelTests {
  /// A record in which job 1 runs and is being cancelled.
  private func record(lost: Int = 0) async throws -> MemoryJobStore {
    let store = MemoryJobStore()
    let id = try await store.submit([Sample.plain(handler: "work")], at: Sample.time(0))[0]
    for number in 0..<lost {
      try await store.commit([
        .starting(Sample.attempt(id, number + 1)),
        .ended(AttemptID(id, number + 1), AttemptEnd(outcome: .lost, ended: Sample.time(1)), next: .requeue),
      ])
    }
    try await store.commit([
      .starting(Sample.attempt(id, lost + 1, at: 2)),
      .running(AttemptID(id, lost + 1), at: Sample.time(4)), .cancelRequested(id, at: Sample.time(5)),
    ])
    return store
  }

  @Test("that a running job is cancelled is on record before it is asked to end")
  func recordedFirst() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      bench.store.hold()
      let caller = Task { try await bench.engine.cancel(job) }
      try await bench.journal.wait(for: "commit [cancel 1]")
      #expect(!bench.journal.has("terminate"))
      bench.store.release()
      let answer = try await caller.value
      #expect(answer.state == .running && answer.cancelRequested != nil)
      try await bench.journal.wait(for: "terminate 1.1")
    }
  }

  @Test("a new runner goes on cancelling what it finds running")
  func adopted() async throws {
    let bench = Bench(record: try await record(), at: Sample.time(20))
    bench.launcher.keep(AttemptID(JobID(1)))
    try await bench.run {
      try await bench.journal.wait(for: "terminate 1.1")
      try await bench.clock.sleeper(until: Sample.time(25))
      bench.clock.advance(by: .seconds(5))
      try await bench.journal.wait(for: "kill 1.1")
      try await bench.end(AttemptID(JobID(1)), .killed)
      #expect(bench.journal.has("ended 1.1 cancelled"))
      #expect(try await bench.state(JobID(1)) == .cancelled)
    }
  }

  @Test(
    "a job whose attempt is lost while it is being cancelled is cancelled, not tried again",
    arguments: [0, 4])
  func lost(before: Int) async throws {
    let bench = Bench(record: try await record(lost: before), at: Sample.time(20))
    try await bench.run {
      let ended = try await bench.engine.wait(for: JobID(1), atMost: .seconds(3600))
      #expect(ended.state == .cancelled)
      #expect(!bench.journal.has("launch"))
    }
  }

  @Test("however an attempt ends that was stopped for another reason, a cancelled job has no next one")
  func whileTimingOut() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      bench.clock.advance(by: .seconds(60))
      try await bench.journal.wait(for: "terminate 1.1")
      _ = try await bench.engine.cancel(job)
      try await bench.end(AttemptID(job), .killed)
      #expect(bench.journal.has("ended 1.1 timedOut"))
      #expect(try await bench.state(job) == .cancelled)
    }
  }

  @Test("a job that waits for its next attempt, for its time, or is held, is cancelled at once")
  func waiting() async throws {
    let bench = Bench()
    try await bench.run {
      let retrying = try await bench.runningJob()
      try await bench.end(AttemptID(retrying), .crash)
      let later = try await bench.submit(notBefore: Sample.time(50))
      var request = JobRequest(handler: "work")
      request.isHeld = true
      let held = try await bench.engine.submit([request])[0]
      for job in [retrying, later, held] {
        #expect(try await bench.engine.cancel(job).state == .cancelled)
      }
    }
  }

  @Test("all jobs that match are cancelled in one commit, running ones are stopped, and it is told which")
  func bulk() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let running = try await bench.runningJob()
      let request = JobRequest(handler: "work", jobClass: "nightly")
      let ids = try await bench.engine.submit([request, JobRequest(handler: "work"), request])
      var filter = JobFilter()
      filter.jobClass = "nightly"
      #expect(try await bench.engine.select(filter) == [ids[2], ids[0]])
      #expect(try await bench.engine.cancel(matching: filter) == [ids[2], ids[0]])
      #expect(bench.journal.has("committed [cancelled \(ids[2]), cancelled \(ids[0])]"))
      #expect(try await bench.state(ids[1]) == .queued)
      var all = JobFilter()
      all.handler = "work"
      #expect(Set(try await bench.engine.cancel(matching: all)) == [running, ids[1]])
      try await bench.journal.wait(for: "terminate \(running).1")
      #expect(try await bench.engine.cancel(matching: filter) == [])
    }
  }

  @Test("jobs that have ended can't be asked for")
  func ended() async throws {
    let bench = Bench()
    try await bench.run {
      var filter = JobFilter()
      filter.states = [.queued, .failed]
      let refusal = try await #require(throws: Refusal.self) {
        try await bench.engine.cancel(matching: filter)
      }
      #expect(refusal.kind == .invalid)
    }
  }

  @Test("more jobs than a page holds are all cancelled")
  func pages() async throws {
    let bench = Bench(slots: 1, maxQueued: 20_000)
    try await bench.run {
      _ = try await bench.runningJob()
      _ = try await bench.engine.submit([JobRequest](repeating: JobRequest(handler: "other"), count: 10_050))
      var filter = JobFilter()
      filter.handler = "other"
      #expect(try await bench.engine.cancel(matching: filter).count == 10_050)
      #expect(await bench.engine.status().queued == 0)
    }
  }

  @Test(
    "while the record can't be written, many are stopped all the same, and that is told"
  )
  func full() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      bench.store.fill()
      var filter = JobFilter()
      filter.handler = "work"
      let refusal = try await #require(throws: Refusal.self) {
        try await bench.engine.cancel(matching: filter)
      }
      #expect(refusal.kind == .storage)
      try await bench.journal.wait(for: "terminate \(job).1")
    }
  }
}
