import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Dependencies", .timeLimit(.minutes(1)))
struct DependencyTests {
  private static func request(
    after needed: JobID..., as condition: Dependency.Condition = .ok,
    orElse failure: Dependency.Failure = .cancel
  ) -> JobRequest {
    var request = JobRequest(handler: "work")
    request.after = needed.map { Dependency(.job($0), condition) }
    request.onDependencyFailure = failure
    return request
  }

  @Test("the end of a job and what it means for the others are one transaction")
  func oneTransaction() async throws {
    let bench = Bench()
    try await bench.run {
      let first = try await bench.runningJob()
      let second = try await bench.engine.submit([Self.request(after: first)])[0]
      #expect(try await bench.state(second) == .blocked)
      bench.launcher.say(.ended(AttemptID(first), .success))
      try await bench.journal.wait(for: "launch 2.1")
      #expect(bench.journal.has("committed [ended 1.1 succeeded, unblocked 2, starting 2.1]"))
      let bad = try await bench.engine.submit([Self.request(after: second), Self.request(after: second)])
      try await bench.start(AttemptID(second))
      try await bench.end(AttemptID(second), .final)
      #expect(bench.journal.has("committed [ended 2.1 error, cancelled 3, cancelled 4]"))
      let job = try #require(try await bench.store.job(bad[0]))
      #expect(job.state == .cancelled)
      #expect(job.reason == .dependency(second, .failed, neededAs: .ok))
    }
  }

  @Test("a job that is submitted while the one that it needs ends is not forgotten")
  func sameTick() async throws {
    let bench = Bench()
    try await bench.run {
      let first = try await bench.runningJob()
      bench.store.hold()
      async let second = bench.engine.submit([Self.request(after: first)])
      try await bench.journal.wait(for: "accept 1")
      // It comes while the submission is being written, and is handled after it.
      bench.launcher.say(.ended(AttemptID(first), .success))
      bench.store.release()
      _ = try await second
      try await bench.journal.wait(for: "launch 2.1")
    }
  }

  @Test("jobs that ended long ago settle a dependency at once")
  func longAgo() async throws {
    let bench = Bench()
    try await bench.run {
      let first = try await bench.runningJob()
      try await bench.end(AttemptID(first), .final)
      let ids = try await bench.engine.submit([
        Self.request(after: first, as: .any), Self.request(after: first),
        Self.request(after: first, orElse: .hold),
      ])
      try await bench.journal.wait(for: "launch \(ids[0]).1")
      #expect(try await bench.state(ids[1]) == .cancelled)
      #expect(try await bench.engine.wait(for: ids[1], atMost: .seconds(5)).state == .cancelled)
      let held = try #require(try await bench.store.job(ids[2]))
      #expect(held.state == .blocked && held.isHeld)
      let gates = try #require(await bench.engine.standing(of: ids[2])?.gates)
      #expect(
        gates.filter { !$0.isOpen }.map(\.reason) == ["job 1 failed, and it was needed as ok; it is held"])
      #expect(try await bench.engine.cancel(ids[2]).state == .cancelled)
      try await bench.recorded("cancelled \(ids[2])")
    }
  }

  @Test("a dependency that can't be is refused with its place, and nothing is accepted")
  func refused() async throws {
    let bench = Bench()
    try await bench.run {
      let known = try await bench.submit()
      func refusal(_ requests: [JobRequest]) async -> Refusal? {
        do {
          _ = try await bench.engine.submit(requests)
          return nil
        } catch { return error as? Refusal }
      }
      let unknown = await refusal([Self.request(after: known), Self.request(after: JobID(77))])
      #expect(unknown?.kind == .notFound && unknown?.index == 1)
      #expect(unknown?.message == "it depends on job 77, which is not there")
      var itself = JobRequest(handler: "work")
      itself.after = [Dependency(.position(0))]
      let own = await refusal([itself])
      #expect(own?.message == "it depends on place 0 of its batch, which does not come before it")
      itself.after = [Dependency(.position(-1))]
      #expect(await refusal([itself])?.kind == .invalid)
      itself.after = [Dependency](repeating: Dependency(.job(known)), count: 10_001)
      #expect(await refusal([itself])?.kind == .invalid)
      #expect(try await bench.store.jobs(matching: JobFilter()).count == 1)
    }
  }

  @Test("a new runner lets jobs wait on, also for one that was lost meanwhile")
  func restore() async throws {
    let store = MemoryJobStore()
    var second = Sample.plain(handler: "work")
    second.after = [Dependency(.job(JobID(1)))]
    var third = Sample.plain(handler: "work")
    third.after = [Dependency(.job(JobID(2))), Dependency(.job(JobID(1)), .any)]
    var fourth = Sample.plain(handler: "work")
    fourth.after = [Dependency(.job(JobID(5)), .failed)]
    _ = try await store.submit([Sample.plain(handler: "work"), second, third], at: Sample.time(0))
    fourth.after = [Dependency(.job(JobID(1)), .failed)]
    _ = try await store.submit([fourth], at: Sample.time(0))
    let first = JobID(1)
    var carryover = Carryover()
    for number in 1...9 {
      carryover.losses = number
      try await store.commit([
        .starting(Sample.attempt(first, number)),
        .ended(AttemptID(first, number), AttemptEnd(outcome: .lost, ended: Sample.time(1)), next: .requeue),
        .carried(first, carryover),
      ])
    }
    try await store.commit([.starting(Sample.attempt(first, 10))])
    // The tenth loss in a row is the last one.
    let bench = Bench(record: store, at: Sample.time(20))
    try await bench.run {
      try await bench.journal.wait(for: "launch 4.1")
      #expect(try await bench.state(first) == .failed)
      #expect(try await bench.state(JobID(2)) == .cancelled)
      #expect(try await bench.state(JobID(3)) == .cancelled)
    }
  }

  @Test("an attempt gets the results of what its job depends on")
  func outputs() async throws {
    let bench = Bench()
    try await bench.run {
      let first = try await bench.runningJob()
      var request = JobRequest(handler: "work")
      request.after = [Dependency(.job(first), .ok, name: "fetch")]
      let second = try await bench.engine.submit([request])[0]
      let result = JobResult(mediaType: "text/plain", bytes: Array("page".utf8))
      try await bench.end(
        AttemptID(first), AttemptReport(exit: .exited(code: 0), usage: Usage(), word: .done(result)))
      try await bench.journal.wait(for: "launch 2.1")
      #expect(
        bench.launcher.plan(of: AttemptID(second))?.payload.outputs
          == [Output(name: "fetch", job: first, mediaType: "text/plain", bytes: Array("page".utf8))])
    }
  }

  @Test("what --dry-run says of a job that waits for others names them")
  func rehearsal() async throws {
    let bench = Bench()
    try await bench.run {
      let first = try await bench.runningJob()
      let trial = try await bench.engine.rehearse(Self.request(after: first))
      #expect(trial.explanation.gates.filter { !$0.isOpen }.map(\.reason) == ["it waits for job 1 (ok)"])
      #expect(trial.forecast.start == Sample.time(60))
    }
  }
}
