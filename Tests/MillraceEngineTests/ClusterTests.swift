import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("An engine with a cluster", .timeLimit(.minutes(1)))
struct ClusterTests {
  private static let slurm = Wishes(place: .slurm)
  private static let first = AttemptID(JobID(1))

  /// Two nodes that can be used.
  private static let standing = ClusterStanding(
    trouble: nil, since: Sample.time(0),
    nodes: ["n1", "n2"].map {
      ClusterNode(name: $0, state: .idle, word: "idle", processors: 4, memory: .gibibytes(4))
    })

  private static func report(
    _ interruption: Interruption? = nil, node: String? = "n1", word: HandlerWord? = nil
  ) -> AttemptReport {
    var report = AttemptReport(exit: word == nil ? nil : .exited(code: 0), usage: Usage(), word: word)
    report.interruption = interruption
    report.whereabouts = Whereabouts(clusterJob: "7", node: node)
    return report
  }

  private static func bench(
    slots: Int = 10, record: MemoryJobStore = MemoryJobStore(), _ rules: ClusterRules = ClusterRules()
  ) -> Bench {
    let bench = Bench(slots: slots, record: record, rules: rules)
    bench.cluster.say(.cluster(standing))
    return bench
  }

  @Test("gives the cluster what shall run there, and records where it has run")
  func there() async throws {
    let bench = Self.bench()
    try await bench.run {
      let job = try await bench.submit(wishes: Self.slurm)
      let here = try await bench.submit()
      try await bench.journal.wait(for: "slurm launch 1.1")
      try await bench.journal.wait(for: "launch \(here).1")
      let order = try #require(bench.cluster.plan(of: Self.first)?.order)
      #expect(order.timeout == Sample.terms.timeout && order.estimate == nil && order.excluded.isEmpty)
      // What it has for its run begins when a node has a place for it.
      #expect(bench.cluster.plan(of: Self.first)?.deadline == nil)
      #expect(bench.launcher.plan(of: AttemptID(here))?.order == nil)

      bench.cluster.say(.placed(Self.first, Whereabouts(clusterJob: "7", reason: "Resources")))
      try await bench.settle()
      #expect(await bench.engine.standing(of: job)?.whereabouts?.reason == "Resources")
      #expect(
        await bench.engine.cluster()?.attempts == [
          Self.first: Whereabouts(clusterJob: "7", reason: "Resources")
        ])
      #expect(await bench.engine.status().used.slots == 1)

      bench.cluster.say(.placed(Self.first, Whereabouts(clusterJob: "7", node: "n1")))
      bench.cluster.say(.started(Self.first))
      try await bench.recorded("running 1.1")
      #expect(await bench.engine.cluster()?.attemptsByNode == ["n1": [Self.first]])
      bench.cluster.say(.ended(Self.first, Self.report(word: .done(nil))))
      try await bench.journal.wait(for: "slurm release 1.1")
      let attempt = try #require(try await bench.store.attempts(of: job).first)
      #expect(attempt.place == .slurm && attempt.end?.outcome == .succeeded)
      #expect(attempt.end?.whereabouts == Whereabouts(clusterJob: "7", node: "n1"))
      #expect(await bench.engine.cluster()?.attempts.isEmpty == true)
    }
  }

  @Test("keeps jobs waiting at that gate while the cluster can't be used, and tells the operator once")
  func trouble() async throws {
    let bench = Self.bench()
    try await bench.run {
      var down = Self.standing
      down.trouble = "slurmctld does not answer"
      bench.cluster.say(.cluster(down))
      bench.cluster.say(.cluster(down))
      try await bench.settle()
      let job = try await bench.submit(wishes: Self.slurm)
      let gates = try #require(try await bench.engine.explain(job).explanation).gates
      #expect(gates.filter { !$0.isOpen }.map(\.gate) == [.cluster])
      #expect(gates.last?.reason == "slurmctld does not answer" && gates.last?.remedy != nil)
      #expect(!gates.contains { $0.gate == .memory })
      let notices = await bench.engine.status().notices.map(\.text)
      #expect(notices == ["the cluster can't be used: slurmctld does not answer"])
      bench.cluster.say(.cluster(Self.standing))
      try await bench.journal.wait(for: "slurm launch 1.1")
    }
  }

  @Test("moves a job that may run anywhere there when the queue here is long, and not before")
  func auto() async throws {
    var rules = ClusterRules()
    rules.autoWait = .seconds(90)
    // Each takes the whole machine for up to 60 s.
    let bench = Self.bench(slots: 1, rules)
    try await bench.run {
      for _ in 0..<2 { try await bench.submit(wishes: Wishes(place: .auto)) }
      try await bench.journal.wait(for: "launch 1.1")
      try await bench.settle()
      let answer = try await bench.engine.explain(JobID(2))
      let gate = try #require(answer.explanation?.gates.last)
      #expect(gate.gate == .cluster && !gate.isOpen)
      #expect(gate.reason == "the queue here takes 1 min 0 s, up to 1 min 30 s its jobs stay here")
      try await bench.submit(wishes: Wishes(place: .auto))
      try await bench.journal.wait(for: "slurm launch 2.1")
      #expect(!bench.journal.entries.contains("slurm launch 3.1"))
    }
  }

  @Test("takes a job out of the cluster's queue that is cancelled there")
  func cancelled() async throws {
    let bench = Self.bench()
    try await bench.run {
      let job = try await bench.submit(wishes: Self.slurm)
      try await bench.journal.wait(for: "slurm launch 1.1")
      _ = try await bench.engine.cancel(job)
      try await bench.journal.wait(for: "slurm terminate 1.1")
      bench.cluster.say(.ended(Self.first, Self.report(node: nil)))
      try await bench.recorded("ended 1.1 cancelled")
      #expect(try await bench.store.job(job)?.state == .cancelled)
    }
  }

  @Test("runs the job of a lost node again, and only notes what the lost attempt says later")
  func late() async throws {
    let bench = Self.bench()
    try await bench.run {
      let job = try await bench.submit(wishes: Self.slurm)
      try await bench.journal.wait(for: "slurm launch 1.1")
      bench.cluster.say(.started(Self.first))
      bench.cluster.say(.ended(Self.first, Self.report(.nodeLost)))
      try await bench.recorded("ended 1.1 lost")
      bench.cluster.say(.late(Self.first, Self.report(word: .done(nil))))
      try await bench.recorded("late 1.1 succeeded")
      let lost = try #require(try await bench.store.attempts(of: job).first)
      #expect(lost.end?.outcome == .lost && lost.lateOutcome == .succeeded)
      #expect(lost.end?.failure?.message == "node n1 was lost with what ran there")
      bench.clock.advance(by: .seconds(60))
      try await bench.journal.wait(for: "slurm launch 1.2")
      let second = AttemptID(job: job, number: 2)
      bench.cluster.say(.started(second))
      bench.cluster.say(.ended(second, Self.report(node: "n2", word: .done(nil))))
      try await bench.recorded("ended 1.2 succeeded")
    }
  }

  @Test("gives no attempts to a node for a while that has failed one by its own fault")
  func fault() async throws {
    let bench = Self.bench()
    try await bench.run {
      let job = try await bench.submit(wishes: Self.slurm)
      try await bench.journal.wait(for: "slurm launch 1.1")
      bench.cluster.say(.ended(Self.first, Self.report(.nodeFault("memory is not limited there"))))
      try await bench.recorded("ended 1.1 lost")
      #expect(try await bench.store.job(job)?.attemptsUsed == 0)
      bench.clock.advance(by: .seconds(10))
      try await bench.journal.wait(for: "slurm launch 1.2")
      #expect(bench.cluster.plan(of: AttemptID(job: job, number: 2))?.order?.excluded == ["n1"])
      #expect(await bench.engine.cluster()?.coolsUntil == ["n1": Sample.time(30)])
    }
  }

  @Test("takes over what a former runner left there, started or not")
  func restore() async throws {
    let store = MemoryJobStore()
    for number in 1...3 {
      let id = try await store.submit(
        [Sample.plain(handler: "work")], at: Sample.time(0))[0]
      var attempt = Sample.attempt(id, 1, at: 2)
      attempt.place = number == 3 ? .local : .slurm
      try await store.commit([.starting(attempt)])
      if number == 2 { try await store.commit([.running(attempt.id, at: Sample.time(4))]) }
    }
    let bench = Self.bench(record: store)
    bench.cluster.keep(Self.first, AttemptID(JobID(2)))
    try await bench.run {
      #expect(bench.journal.entries.contains { $0.hasPrefix("slurm take over") && $0.contains("2.1") })
      #expect(try await bench.store.attempts(of: JobID(3)).first?.end?.outcome == .lost)
      for id in [Self.first, AttemptID(JobID(2))] {
        bench.cluster.say(.started(id))
        bench.cluster.say(.ended(id, Self.report(word: .done(nil))))
        try await bench.recorded("ended \(id) succeeded")
      }
    }
  }

  @Test("does not start without the cluster in which attempts are")
  func withoutCluster() async throws {
    let store = MemoryJobStore()
    let id = try await store.submit([Sample.plain(handler: "work")], at: Sample.time(0))[0]
    var attempt = Sample.attempt(id, 1, at: 2)
    attempt.place = .slurm
    try await store.commit([.starting(attempt)])
    let bench = Bench(record: store)
    let refusal = await #expect(throws: Refusal.self) { try await bench.engine.run() }
    #expect(refusal?.message.contains("1.1") == true && refusal?.hint?.contains("slurm") == true)
  }

  @Test("takes no job for a cluster that is not there")
  func none() async throws {
    let bench = Bench()
    try await bench.run {
      let refusal = await #expect(throws: Refusal.self) { try await bench.submit(wishes: Self.slurm) }
      #expect(refusal?.kind == .neverAdmissible)
      // One that may run anywhere runs here.
      try await bench.submit(wishes: Wishes(place: .auto))
      try await bench.journal.wait(for: "launch 1.1")
    }
  }
}
