import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("A new runner", .timeLimit(.minutes(1)))
struct RestoreTests {
  /// Puts jobs on record and takes each so far: `starting`, `running` or neither.
  private func record(_ states: [JobState], lost: Int = 0) async throws -> MemoryJobStore {
    let store = MemoryJobStore()
    for state in states {
      let id = try await store.submit([Sample.plain(handler: "work")], at: Sample.time(0))[0]
      for number in 0..<lost {
        var carryover = Carryover()
        carryover.losses = number + 1
        try await store.commit([
          .starting(Sample.attempt(id, number + 1)),
          .ended(
            AttemptID(id, number + 1), AttemptEnd(outcome: .lost, ended: Sample.time(1)), next: .requeue),
          .carried(id, carryover),
        ])
      }
      if state == .starting || state == .running {
        try await store.commit([.starting(Sample.attempt(id, lost + 1, at: 2))])
      }
      if state == .running { try await store.commit([.running(AttemptID(id, lost + 1), at: Sample.time(4))]) }
    }
    return store
  }

  @Test("lets waiting jobs go on waiting, in their old order, and starts them")
  func waiting() async throws {
    let store = try await record([.queued, .queued])
    _ = try await store.submit([Sample.full(notBefore: Sample.time(50))], at: Sample.time(0))
    let bench = Bench(slots: 1, record: store, at: Sample.time(20))
    try await bench.run {
      try await bench.journal.wait(for: "launch 1.1")
      let status = await bench.engine.status()
      #expect(status.queued == 1 && status.scheduled == 1 && status.running == 1)
      try await bench.start(AttemptID(JobID(1)))
      try await bench.end(AttemptID(JobID(1)))
      try await bench.journal.wait(for: "launch 2.1")
    }
  }

  @Test("says of lost attempts whether the machine was started anew", arguments: ["first", "second"])
  func reboot(boot: String) async throws {
    let store = try await record([])
    try await Bench(record: store, boot: "first").run {}
    _ = try await store.submit([Sample.plain(handler: "work")], at: Sample.time(0))
    try await store.commit([.starting(Sample.attempt(JobID(1), 1))])
    let bench = Bench(record: store, at: Sample.time(20), boot: boot)
    try await bench.run {
      let end = try #require(try await store.attempts(of: JobID(1)).first?.end)
      #expect(end.outcome == .lost)
      #expect(
        end.failure?.message
          == (boot == "first"
            ? "the runner was away and nothing of it was found"
            : "the machine was started anew while it ran"))
      #expect(try await store.memos() == [Memo(.boot, "id", .string(boot))])
    }
  }

  @Test("takes over attempts that are still known: their end is recorded as if nothing had been")
  func adopted() async throws {
    let store = try await record([.running, .starting])
    let bench = Bench(record: store, at: Sample.time(20))
    bench.launcher.keep(AttemptID(JobID(1)), AttemptID(JobID(2)))
    try await bench.run {
      #expect(bench.journal.entries.prefix(2) == ["read", "take over [\"1.1 of tools\", \"2.1 of tools\"]"])
      #expect(try await bench.state(JobID(2)) == .running)
      #expect(await bench.engine.status().running == 2)
      try await bench.end(AttemptID(JobID(1)))
      try await bench.end(AttemptID(JobID(2)), .crash)
      #expect(try await bench.state(JobID(1)) == .succeeded)
      #expect(try await bench.state(JobID(2)) == .scheduled)
      #expect(!bench.journal.has("launch"))
    }
  }

  @Test("holds an adopted attempt to the time limit of its true start")
  func adoptedTimeout() async throws {
    let bench = Bench(record: try await record([.running]), at: Sample.time(20))
    bench.launcher.keep(AttemptID(JobID(1)))
    try await bench.run {
      try await bench.clock.sleeper(until: Sample.time(64))
      bench.clock.advance(by: .seconds(44))
      try await bench.journal.wait(for: "terminate 1.1")
    }
  }

  @Test("measures adopted attempts")
  func adoptedSamples() async throws {
    let bench = Bench(record: try await record([.running]), at: Sample.time(20))
    bench.launcher.keep(AttemptID(JobID(1)))
    bench.launcher.measure([AttemptID(JobID(1)): UsageSample(workingSet: .mebibytes(7))])
    try await bench.run(catalog: []) {
      try await bench.journal.wait(for: "sample")
      try await bench.clock.sleeper(until: Sample.time(21))
      #expect(await bench.engine.standing(of: JobID(1))?.usage?.workingSet == .mebibytes(7))
    }
  }

  @Test("gives what nobody knows of any more another attempt, and calls the old one lost")
  func lost() async throws {
    let bench = Bench(record: try await record([.running, .starting]), at: Sample.time(20))
    try await bench.run {
      try await bench.journal.wait(for: "launch 2.2")
      #expect(bench.journal.has("committed [ended 1.1 lost, carried 1, ended 2.1 lost, carried 2]"))
      #expect(bench.journal.has("launch 1.2"))
      let job = try #require(try await bench.store.job(JobID(1)))
      #expect(job.attempts == 2 && job.attemptsUsed == 0)
      let queued = try await bench.store.attempts(of: JobID(1)).map(\.queued)
      #expect(queued == [Sample.time(2), Sample.time(20)])
    }
  }

  @Test("gives up a job that was lost too often in a row: it may be what brings the machine down")
  func lostTooOften() async throws {
    let bench = Bench(record: try await record([.running], lost: 4), at: Sample.time(20))
    try await bench.run {
      try await bench.recorded("ended 1.5 lost")
      #expect(try await bench.state(JobID(1)) == .failed)
      #expect(!bench.journal.has("launch"))
    }
    let another = Bench(record: try await record([.running], lost: 3), at: Sample.time(20))
    try await another.run {
      try await another.journal.wait(for: "launch 1.5")
      another.launcher.say(.refused(AttemptID(JobID(1), 5), reason: "no memory"))
      try await another.recorded("ended 1.5 lost")
      #expect(try await another.state(JobID(1)) == .failed)
    }
  }

  @Test("does not forget a cancellation that comes while it reads the record")
  func earlyCancel() async throws {
    let bench = Bench(record: try await record([.queued]), at: Sample.time(20))
    bench.store.hold()
    let task = Task { try await bench.engine.run() }
    try await bench.journal.wait(for: "read")
    let caller = Task { try await bench.engine.cancel(JobID(1)) }
    try await bench.inboxHolds(1)
    bench.store.release()
    #expect(try await caller.value.state == .cancelled)
    try await bench.recorded("cancelled 1")
    await bench.engine.stop()
    try await task.value
  }

  @Test("lets a wait that begins while it reads the record last until the job has ended")
  func earlyWait() async throws {
    let bench = Bench(record: try await record([.queued]), at: Sample.time(20))
    bench.store.hold()
    let task = Task { try await bench.engine.run() }
    try await bench.journal.wait(for: "read")
    let waiter = Task { try await bench.engine.wait(for: JobID(1), atMost: .seconds(3600)) }
    try await bench.clock.sleeper(until: Sample.time(3620))
    bench.store.release()
    bench.launcher.startAtOnce()
    try await bench.use([Bench.tools])
    try await bench.recorded("running 1.1")
    bench.launcher.say(.ended(AttemptID(JobID(1)), .success))
    #expect(try await waiter.value.state == .succeeded)
    await bench.engine.stop()
    try await task.value
  }

  @Test("does not begin with a record that can't be read")
  func unreadable() async throws {
    let bench = Bench()
    bench.store.fill()
    await #expect(throws: StoreFault.self) { try await bench.engine.run() }
    await #expect(throws: Refusal.self) { try await bench.engine.submit([]) }
  }
}
