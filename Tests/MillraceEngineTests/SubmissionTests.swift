import MillraceCore
import MillraceEngine
import Synchronization
import TestSupport
import Testing

@Suite("Submitting", .timeLimit(.minutes(1)))
struct SubmissionTests {
  @Test("nothing is started before its start is committed")
  func startAfterCommit() async throws {
    let bench = Bench()
    try await bench.run {
      let first = try await bench.submit(notBefore: Sample.time(10))
      bench.store.hold()
      bench.clock.advance(by: .seconds(10))
      try await bench.journal.wait(for: "commit [due 1, starting 1.1]")
      #expect(!bench.journal.has("launch"))
      #expect(try await bench.state(first) == .scheduled)
      bench.store.release()
      try await bench.journal.wait(for: "launch 1.1")
      let steps = bench.journal.entries.filter { $0 != "sample" }
      #expect(steps.suffix(2) == ["committed [due 1, starting 1.1]", "launch 1.1"])
      #expect(try await bench.state(first) == .starting)
    }
  }

  @Test("a number is given only when the job is on record")
  func acceptedMeansCommitted() async throws {
    let bench = Bench()
    try await bench.run {
      bench.store.hold()
      async let job = bench.submit()
      try await bench.journal.wait(for: "commit [accepted 1")
      #expect(try await bench.store.jobs(matching: JobFilter()).isEmpty)
      bench.store.release()
      let id = try await job
      #expect(try await bench.store.job(id) != nil)
    }
  }

  @Test("where spans are written, a handler is told that of its attempt")
  func ownSpan() async throws {
    let bench = Bench(isTraced: true)
    try await bench.run {
      let traced = JobRequest(handler: "work", traceParent: Sample.trace)
      for job in try await bench.engine.submit([traced, JobRequest(handler: "work")]) {
        try await bench.journal.wait(for: "launch \(job).1")
        let known = try #require(try await bench.store.job(job))
        let trace = JobTrace(
          job, submitted: known.submitted, traceParent: known.submission.traceParent)
        let plan = try #require(bench.launcher.plan(of: AttemptID(job)))
        #expect(plan.payload.traceParent == trace.span(of: .run, attempt: 1).description)
      }
    }
  }

  @Test("an attempt is started with all that it needs")
  func plan() async throws {
    let bench = Bench()
    try await bench.run {
      bench.clock.advance(by: .seconds(5))
      let request = JobRequest(
        handler: "work", parameters: ["text": .string("ä")], input: [1, 2],
        wishes: Wishes(memory: .mebibytes(9), timeout: .seconds(7)),
        priority: Priority(rawValue: 9) ?? .default,
        traceParent: Sample.trace)
      let job = try await bench.engine.submit([request])[0]
      try await bench.journal.wait(for: "launch 1.1")
      let plan = try #require(bench.launcher.plan(of: AttemptID(job)))
      #expect(plan.handler == "work" && plan.plugin == Bench.tools && plan.priority.rawValue == 9)
      #expect(plan.limits == Limits(memory: .mebibytes(9), cpuMillis: 1000, pids: 32))
      #expect(plan.deadline == Sample.time(12))
      #expect(plan.payload.parameters == .object(["text": .string("ä")]))
      #expect(plan.payload.input == [1, 2] && plan.payload.traceParent == Sample.trace)
      let attempt = try #require(try await bench.store.attempts(of: job).first)
      #expect(attempt.plugin == "tools" && attempt.pluginSHA256 == Bench.tools.sha256)
      #expect(attempt.limits == plan.limits && attempt.starting == Sample.time(5))
    }
  }

  @Test("those who submit at the same time share one commit")
  func shared() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let jobs = try await bench.submitTogether(3)
      #expect(Set(jobs.compactMap(\.id)) == [JobID(2), JobID(3), JobID(4)])
      #expect(bench.journal.has("commit [accepted 2, accepted 3, accepted 4]"))
      try await bench.settle()
      #expect(await bench.engine.status().queued == 3)
    }
  }

  @Test("what can't be stored of one is refused, and nobody else is")
  func sharedMistake() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      // The first is the one that is held; the second is of three, the third of the first of them.
      bench.store.failAccepting { [2, 3].contains($0) ? .fails(.mistaken) : nil }
      let jobs = try await bench.submitTogether(3)
      let refusals = jobs.compactMap(\.refusal)
      #expect(refusals.count == 1 && refusals[0].message.contains("it can't be stored"))
      #expect(Set(jobs.compactMap(\.id)) == [JobID(2), JobID(3)])
      #expect(await bench.engine.status().isHealthy)
    }
  }

  @Test("a disk that fails refuses all that were to share a commit, and each is asked for once")
  func sharedFailure() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      bench.store.failAccepting { $0 > 1 ? .isTorn(.inputOutput) : nil }
      let jobs = try await bench.submitTogether(3)
      #expect(jobs.map(\.refusal?.kind) == [.storage, .storage, .storage])
      #expect(bench.journal.entries.count { $0.hasPrefix("torn [accepted") } == 1)
    }
  }

  @Test("what was decided of jobs that could not be written is undone, and nothing else")
  func turnedAway() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let running = try await bench.runningJob()
      bench.store.hold()
      bench.store.failAccepting { $0 == 2 ? .fails(.diskFull) : nil }
      let later = Task { try await bench.submit(notBefore: Sample.time(100)) }
      try await bench.journal.wait(for: "commit [accepted 2]")
      let next = Task { try await bench.submit() }
      bench.launcher.say(.ended(AttemptID(running), .success))
      try await bench.inboxHolds(2)
      bench.store.release()
      _ = try await later.value
      let refusal = await #expect(throws: Refusal.self) { try await next.value }
      #expect(refusal?.kind == .storage)
      #expect(bench.journal.has("failed [accepted 3, ended 1.1 succeeded, starting 3.1]"))
      bench.clock.advance(by: .seconds(1))
      try await bench.journal.wait(for: "committed [ended 1.1 succeeded]")
      let status = await bench.engine.status()
      #expect(status.running == 0 && status.queued == 0 && status.scheduled == 1)
      #expect(try await bench.submit() == JobID(3))
      try await bench.journal.wait(for: "launch 3.1")
      #expect(bench.journal.entries.count { $0.hasPrefix("launch 3") } == 1)
    }
  }

  @Test("the payload of a job that starts at once is not read back first")
  func payloadAtHand() async throws {
    let bench = Bench()
    try await bench.run {
      bench.store.losePayloads()
      var request = JobRequest(handler: "work", input: [7], traceParent: Sample.trace)
      request.affinity = "key"
      let job = try await bench.engine.submit([request])[0]
      try await bench.journal.wait(for: "launch 1.1")
      let payload = try #require(bench.launcher.plan(of: AttemptID(job))?.payload)
      #expect(payload.input == [7] && payload.traceParent == Sample.trace && payload.affinity == "key")
    }
  }

  @Test("a batch and what follows from it are one commit")
  func batch() async throws {
    let bench = Bench(slots: 2)
    try await bench.run {
      let ids = try await bench.engine.submit([JobRequest](repeating: JobRequest(handler: "work"), count: 3))
      #expect(ids == [JobID(1), JobID(2), JobID(3)])
      try await bench.journal.wait(for: "launch 2.1")
      let writes = bench.journal.entries.filter { $0.hasPrefix("accept ") || $0.hasPrefix("commit ") }
      #expect(
        writes.last == "commit [accepted 1, accepted 2, accepted 3, starting 1.1, starting 2.1]")
    }
  }

  @Test("whatever comes in while a commit is under way is committed together")
  func group() async throws {
    let bench = Bench(slots: 2)
    try await bench.run {
      let ids = try await bench.engine.submit([JobRequest](repeating: JobRequest(handler: "work"), count: 4))
      try await bench.journal.wait(for: "launch 2.1")
      bench.store.hold()
      bench.launcher.say(.started(AttemptID(ids[0])))
      try await bench.journal.wait(for: "commit [running 1.1]")
      let callers = ids.map { job in Task { try await bench.engine.cancel(job) } }
      try await bench.inboxHolds(ids.count)
      bench.store.release()
      for caller in callers { _ = try await caller.value }
      let commits = bench.journal.entries.filter { $0.hasPrefix("committed") && $0.contains("cancelled") }
      #expect(commits.count == 1)
      for change in ["cancel 1", "cancel 2", "cancelled 3", "cancelled 4"] {
        #expect(commits.first?.contains(change) ?? false)
      }
      #expect(bench.journal.has("terminate 1.1"))
    }
  }

  @Test("an unknown handler is refused with those that there are")
  func unknownHandler() async throws {
    let bench = Bench()
    try await bench.run(catalog: []) {
      let early = try await #require(throws: Refusal.self) { try await bench.submit("work") }
      #expect(early.kind == .starting)
      try await bench.use([])
      let refusal = try await #require(throws: Refusal.self) { try await bench.submit("work") }
      #expect(
        refusal
          == Refusal(.notFound, "there is no handler `work`", hint: "put a plugin into the plugin directory"))
      try await bench.use([Bench.tools])
      let another = try await #require(throws: Refusal.self) { try await bench.submit("wrok") }
      #expect(another == Refusal(.notFound, "there is no handler `wrok`", hint: "there are `other`, `work`"))
    }
  }

  @Test("a batch with one bad job is not taken, and says which one it is")
  func badJobInBatch() async throws {
    let bench = Bench()
    try await bench.run {
      let good = JobRequest(handler: "work")
      for bad in [JobRequest(handler: "none"), JobRequest(handler: "work", wishes: Wishes(pids: 0))] {
        let refusal = try await #require(throws: Refusal.self) {
          try await bench.engine.submit([good, good, bad])
        }
        #expect(refusal.index == 2)
      }
      let alone = try await #require(throws: Refusal.self) {
        try await bench.engine.submit([JobRequest(handler: "none")])
      }
      #expect(alone.index == nil)
      #expect(!bench.journal.entries.contains { $0.hasPrefix("commit [accepted") })
      #expect(try await bench.store.jobs(matching: JobFilter()).isEmpty)
    }
  }

  @Test("a full queue takes nothing, not even a part of a batch, until there is room again")
  func queueFull() async throws {
    let bench = Bench(slots: 1, maxQueued: 3)
    try await bench.run {
      let running = try await bench.runningJob()
      let request = JobRequest(handler: "work")
      _ = try await bench.engine.submit([request, request])
      let refusal = try await #require(throws: Refusal.self) {
        try await bench.engine.submit([request, request])
      }
      #expect(refusal.kind == .queueFull)
      #expect(refusal.message == "the queue has room for 1 more jobs, not 2")
      _ = try await bench.submit(notBefore: Sample.time(100))
      await #expect(throws: Refusal.self) { try await bench.submit() }
      try await bench.end(AttemptID(running))
      _ = try await bench.submit()
    }
  }

  @Test("submissions that come at the same moment can't overfill the queue together")
  func queueFullTogether() async throws {
    let bench = Bench(slots: 1, maxQueued: 2)
    try await bench.run {
      _ = try await bench.runningJob()
      bench.store.hold()
      async let first = bench.submit()
      try await bench.journal.wait(for: "commit [accepted 2")
      let results = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<5 { group.addTask { (try? await bench.submit()) != nil } }  // Whether it was taken.
        bench.store.release()
        return await group.reduce(into: []) { $0.append($1) }
      }
      _ = try await first
      #expect(results.count { $0 } == 1)
      #expect(await bench.engine.status().queued == 2)
    }
  }

  @Test("a handler that comes later starts the jobs that wait for it")
  func laterHandler() async throws {
    let bench = Bench()
    try await bench.run {
      try await bench.use([])
      let record = bench.store.record
      #expect(try await record.jobs(matching: JobFilter()).isEmpty)
    }
    let job = try await bench.store.record.submit([Sample.plain(handler: "work")], at: Sample.time(0))[0]
    let next = Bench(record: bench.store.record)
    try await next.run(catalog: []) {
      try await next.settle()
      let standing = try #require(await next.engine.standing(of: job))
      #expect(standing.gates.filter { !$0.isOpen }.map(\.gate) == [.handler])
      #expect(!next.journal.has("launch"))
      try await next.use([Bench.tools])
      try await next.journal.wait(for: "launch \(job).1")
    }
  }
}

extension Result<JobID, any Error> {
  fileprivate var id: JobID? { if case .success(let id) = self { id } else { nil } }
  fileprivate var refusal: Refusal? { if case .failure(let error as Refusal) = self { error } else { nil } }
}

extension FaultyJobStore {
  /// Asks before each acceptance whether it goes wrong; they are counted from 1.
  fileprivate func failAccepting(by lottery: @escaping @Sendable (Int) -> Draw?) {
    let calls = Mutex(0)
    fail { call in
      guard call == "accept" else { return nil }
      return lottery(
        calls.withLock { count in
          count += 1
          return count
        })
    }
  }
}
