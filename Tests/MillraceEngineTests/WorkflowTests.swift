import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Workflows", .timeLimit(.minutes(1)))
struct WorkflowTests {
  /// `fetch`, two of `resize` after it, `report` after both, and `mourn` if `report` fails.
  private static func nightly(failing failure: Dependency.Failure = .cancel) -> WorkflowRequest {
    func request(_ step: String, _ after: [Dependency] = []) -> JobRequest {
      var request = JobRequest(handler: "work")
      request.step = step
      request.after = after
      request.onDependencyFailure = failure
      return request
    }
    return WorkflowRequest(
      name: "nightly",
      jobs: [
        request("fetch"), request("resize", [Dependency(.position(0), .ok, name: "fetch")]),
        request("resize", [Dependency(.position(0), .ok, name: "fetch")]),
        request("report", [Dependency(.position(1)), Dependency(.position(2))]),
        request("mourn", [Dependency(.position(3), .failed)]),
      ], empty: ["scan"])
  }

  private func run(_ bench: Bench, _ job: Int64, _ number: Int = 1, _ report: AttemptReport) async throws {
    let id = AttemptID(JobID(job), number)
    try await bench.journal.wait(for: "launch \(id)")
    try await bench.start(id)
    try await bench.end(id, report)
  }

  private func states(_ bench: Bench) async throws -> [JobState] {
    try await bench.store.jobs(matching: JobFilter()).reversed().map(\.state)
  }

  @Test("is accepted whole, and its jobs run in their order")
  func course() async throws {
    let bench = Bench()
    try await bench.run {
      let accepted = try await bench.engine.submit(Self.nightly())
      #expect(accepted.jobs.map(\.state) == [.queued, .blocked, .blocked, .blocked, .blocked])
      let steps = try #require(try await bench.store.workflow(accepted.id)).definition.steps
      #expect(steps.map(\.name) == ["fetch", "resize", "report", "mourn", "scan"])
      #expect(steps[3].needs == ["report": .failed])
      for job: Int64 in 1...4 { try await run(bench, job, 1, .success) }
      #expect(try await states(bench) == [.succeeded, .succeeded, .succeeded, .succeeded, .cancelled])
      #expect(try await bench.store.workflow(accepted.id)?.summary.state == .succeeded)
    }
  }

  @Test("is refused whole if one of its jobs is")
  func refused() async throws {
    let bench = Bench()
    try await bench.run {
      var unknown = Self.nightly()
      unknown.jobs[3].handler = "resise"
      var forward = Self.nightly()
      forward.jobs[0].after = [Dependency(.position(3))]
      let misnamed = WorkflowRequest(name: "Not this", jobs: Self.nightly().jobs)
      let empty = WorkflowRequest(name: "empty", jobs: [])
      #expect(await refusal(of: unknown, bench)?.index == 3)
      #expect(await refusal(of: forward, bench)?.index == 0)
      #expect(await refusal(of: misnamed, bench)?.kind == .invalid)
      #expect(await refusal(of: empty, bench)?.message == "the workflow has no job")
      let jobs = try await bench.store.jobs(matching: JobFilter())
      let workflows = try await bench.store.workflows(before: nil, limit: 10)
      #expect(jobs.isEmpty && workflows.isEmpty)
    }
  }

  private func refusal(of workflow: WorkflowRequest, _ bench: Bench) async -> Refusal? {
    do {
      _ = try await bench.engine.submit(workflow)
      return nil
    } catch { return error as? Refusal }
  }

  @Test("retry-failed lets what failed begin anew under its number, and what was cancelled for it wait again")
  func retryFailed() async throws {
    let bench = Bench()
    try await bench.run {
      let workflow = try await bench.engine.submit(Self.nightly()).id
      await refuses(bench, workflow, "workflow 1 has not ended: job 1 is starting")
      try await run(bench, 1, 1, .success)
      try await run(bench, 2, 1, .success)
      try await run(bench, 3, 1, .final)
      // Its report is cancelled, so there is something to mourn.
      try await run(bench, 5, 1, .success)
      #expect(try await states(bench) == [.succeeded, .succeeded, .failed, .cancelled, .succeeded])
      bench.clock.advance(by: .seconds(60))
      let record = try await bench.engine.retryFailed(workflow: workflow)
      // It may have begun already.
      #expect([.queued, .starting].contains(record.jobs[2].state) && record.jobs[3].state == .blocked)
      #expect(bench.journal.has("committed [revived 3 queued, revived 4 blocked]"))
      try await run(bench, 3, 2, .success)
      try await run(bench, 4, 1, .success)
      #expect(try await bench.store.job(JobID(3))?.attemptsUsed == 1)
      // It waited for this attempt since then.
      #expect(try await bench.store.attempts(of: JobID(3)).last?.queued == Sample.time(60))
      #expect(try await bench.store.workflow(workflow)?.summary.state == .succeeded)
      await refuses(bench, workflow, "workflow 1 has no failed job that could be tried again")
      await refuses(bench, 9, "there is no workflow 9")
    }
  }

  private func refuses(_ bench: Bench, _ workflow: Int64, _ message: String) async {
    let refusal = await #expect(throws: Refusal.self) {
      try await bench.engine.retryFailed(workflow: workflow)
    }
    #expect(refusal?.message == message)
  }

  @Test("retry-failed lets held jobs wait again")
  func retryHeld() async throws {
    let bench = Bench()
    try await bench.run {
      let workflow = try await bench.engine.submit(Self.nightly(failing: .hold)).id
      try await run(bench, 1, 1, .final)
      #expect(try await states(bench) == [.failed, .blocked, .blocked, .blocked, .blocked])
      _ = try await bench.engine.retryFailed(workflow: workflow)
      #expect(try await bench.store.job(JobID(2))?.isHeld == false)
      for (job, number) in [(1, 2), (2, 1), (3, 1), (4, 1)] as [(Int64, Int)] {
        try await run(bench, job, number, .success)
      }
      // Nobody mourns: it is held, and somebody decides.
      #expect(try await bench.store.job(JobID(5))?.isHeld == true)
    }
  }

  @Test("retry-failed is one transaction: while the disk is full, nothing begins")
  func retryOnFullDisk() async throws {
    let bench = Bench()
    try await bench.run {
      let workflow = try await bench.engine.submit(Self.nightly()).id
      try await run(bench, 1, 1, .final)
      try await run(bench, 5, 1, .success)
      bench.store.fill()
      let refusal = await #expect(throws: Refusal.self) {
        try await bench.engine.retryFailed(workflow: workflow)
      }
      #expect(refusal?.kind == .storage)
      #expect(try await states(bench) == [.failed, .cancelled, .cancelled, .cancelled, .succeeded])
      bench.store.fill(false)
      bench.clock.advance(by: .seconds(1))
      _ = try await bench.engine.retryFailed(workflow: workflow)
      try await bench.journal.wait(for: "launch 1.2")
    }
  }

  @Test("a cancelled workflow starts nothing any more")
  func cancel() async throws {
    let bench = Bench()
    try await bench.run {
      let workflow = try await bench.engine.submit(Self.nightly()).id
      try await run(bench, 1, 1, .success)
      try await bench.journal.wait(for: "launch 2.1")
      try await bench.journal.wait(for: "launch 3.1")
      try await bench.start(AttemptID(JobID(2)))
      try await bench.start(AttemptID(JobID(3)))
      let record = try await bench.engine.cancel(workflow: workflow)
      #expect(record.jobs.map(\.state).suffix(2) == [.cancelled, .cancelled])
      #expect(record.jobs.map(\.reason).suffix(2) == [.cancelled, .cancelled])
      try await bench.end(AttemptID(JobID(2)), .killed)
      try await bench.end(AttemptID(JobID(3)), .killed)
      #expect(try await bench.store.workflow(workflow)?.summary.state == .cancelled)
      let refusal = await #expect(throws: Refusal.self) { try await bench.engine.cancel(workflow: workflow) }
      #expect(refusal?.message == "workflow 1 has ended already: cancelled")
    }
  }
}
