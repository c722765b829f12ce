import Logging
import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine

@Suite("What an engine tells of its cluster", .timeLimit(.minutes(1)))
struct ClusterReportTests {
  @Test("is nothing where there is none, and that it is silent until it has answered")
  func silent() async throws {
    let bench = Bench()
    #expect(await bench.engine.cluster() == nil)
    #expect(await bench.engine.status().cluster == nil)
    let far = FarBench()
    let report = try #require(await far.engine.cluster())
    #expect(report.trouble == "the cluster has not answered yet" && report.bound == 7)
    #expect(await far.engine.status().cluster == ClusterSummary(report))
  }

  @Test("has the attempts that are there by node, in the whole picture, in metrics, until they end")
  func attempts() async throws {
    let bench = FarBench()
    try await bench.run {
      try await bench.answer(Self.standing())
      let first = try await bench.runningJob(on: "n1")
      let second = try await bench.runningJob(on: nil)
      var report = try #require(await bench.engine.cluster())
      #expect(report.attemptsByNode == ["n1": [first]] && report.waiting == 1 && report.attempts.count == 2)
      let top = await bench.engine.top(queued: 0)
      #expect(top.top.running.map(\.place) == [.slurm, .slurm])
      #expect(top.whereabouts[first]?.node == "n1" && top.whereabouts[second]?.reason == "Resources")
      #expect(top.status.cluster?.outstanding == 2 && top.status.cluster?.usable == 1)
      #expect(top.status.isHealthy)
      let metrics = await Self.figures(bench.engine)
      #expect(metrics["cluster_up"] == 1 && metrics["cluster_outstanding"] == 2)
      #expect(metrics["cluster_outstanding_bound"] == 7 && metrics["cluster_waiting"] == 1)
      #expect(metrics["cluster_nodes idle"] == 1 && metrics["cluster_nodes offline"] == 1)
      #expect(metrics["cluster_nodes busy"] == 0 && metrics["cluster_nodes cooling"] == 0)
      #expect(metrics["cluster_node_attempts n1"] == 1)
      // A node that does not answer has no processors to give.
      #expect(metrics["cluster_cpu_cores"] == 4 && metrics["cluster_cpu_reserved_cores"] == 1)
      #expect(metrics["cluster_memory_bytes"] == Double(1 << 30))
      #expect(metrics["cluster_memory_reserved_bytes"] == Double(1 << 20))
      try await bench.end(first)
      report = try #require(await bench.engine.cluster())
      #expect(report.attempts.keys.sorted() == [second] && report.attemptsByNode.isEmpty)
      try await bench.end(second)
    }
  }

  @Test("tells since when it can't be used, with the nodes as they were; the runner is healthy all the same")
  func trouble() async throws {
    let bench = FarBench()
    try await bench.run {
      try await bench.answer(Self.standing())
      try await bench.answer(Self.standing(trouble: "slurmctld is away", since: 9))
      let report = try #require(await bench.engine.cluster())
      #expect(report.trouble == "slurmctld is away" && report.standing?.nodes.count == 2)
      let status = await bench.engine.status()
      #expect(status.isHealthy && status.cluster?.trouble == "slurmctld is away")
      #expect(status.cluster?.since == Sample.time(9))
      #expect(await Self.figures(bench.engine)["cluster_up"] == 0)
    }
  }

  @Test("has a node that failed an attempt by its own fault as one that cools down")
  func cooling() async throws {
    let bench = FarBench()
    try await bench.run {
      try await bench.answer(Self.standing())
      let attempt = try await bench.runningJob(on: "n1")
      var end = AttemptReport(exit: nil, usage: Usage(), word: nil)
      end.whereabouts = Whereabouts(clusterJob: "1", node: "n1")
      end.interruption = .nodeFault("no such directory")
      try await bench.end(attempt, end)
      let report = try #require(await bench.engine.cluster())
      #expect(report.coolsUntil == ["n1": Sample.time(30)])
      #expect(report.standing?.nodes.map(report.state) == [.cooling, .offline])
      #expect(await Self.figures(bench.engine)["cluster_nodes cooling"] == 1)
    }
  }

  @Test("has metrics of so many nodes, the others together")
  func manyNodes() {
    let attempts = (1...Int64(205)).map { number in
      (AttemptID(job: JobID(number), number: 1), Whereabouts(clusterJob: "1", node: "n\(1000 + number)"))
    }
    let report = ClusterReport(
      standing: nil, bound: 300, attempts: Dictionary(uniqueKeysWithValues: attempts))
    let points = ClusterMeter(report: report).readings.first { $0.family == .nodeAttempts }?.points ?? []
    #expect(points.count == 201 && points.first?.labels == ["n1001"] && points.last?.labels == ["_other"])
    #expect(points.last?.value == .number(5))
  }

  private static func standing(trouble: String? = nil, since: Int64 = 1) -> ClusterStanding {
    ClusterStanding(
      trouble: trouble, since: Sample.time(since),
      nodes: [
        ClusterNode(
          name: "n1", state: .idle, word: "idle", processors: 4, processorsReserved: 1, memory: .gibibytes(1),
          memoryReserved: .mebibytes(1)),
        ClusterNode(name: "n2", state: .offline, word: "down*", processors: 8, memory: .gibibytes(1)),
      ])
  }

  /// All that is told of the cluster in numbers, by name and label.
  private static func figures(_ engine: Engine) async -> [String: Double] {
    var figures: [String: Double] = [:]
    for reading in await engine.metrics() where reading.family.name.contains("cluster_") {
      for point in reading.points {
        guard case .number(let number) = point.value else { continue }
        let name = reading.family.name.dropFirst("millrace_".count)
        figures[([String(name)] + point.labels).joined(separator: " ")] = number
      }
    }
    return figures
  }
}

/// An engine whose jobs of `work` run in a cluster.
private final class FarBench: Sendable {
  let journal = Journal<String>()
  let clock = ManualClock(Sample.time(0))
  let far: FakeLauncher
  let store: FaultyJobStore
  let plugins = FakePluginSource()
  let engine: Engine

  /// The fake of this machine as one of a cluster.
  private struct Cluster: ClusterLauncher {
    let fake: FakeLauncher
    var events: AsyncStream<LaunchEvent> { fake.events }
    func takeOver(open: [KeptAttempt]) async throws -> [AttemptID] { try await fake.takeOver(open: open) }
    func launch(_ plans: [LaunchPlan]) async { for plan in plans { await fake.launch(plan) } }
    func release(_ attempts: [AttemptID]) async { await fake.release(attempts) }
    func terminate(_ attempt: AttemptID) async { await fake.terminate(attempt) }
    func kill(_ attempt: AttemptID) async { await fake.kill(attempt) }
  }

  init() {
    far = FakeLauncher(journal: journal)
    store = FaultyJobStore(MemoryJobStore(), journal: journal)
    var policy = Policy(slots: 1, memory: .gibibytes(1), cpuMillis: 1000, maxQueued: 100)
    var rules = ClusterRules()
    rules.outstanding = 7
    policy.cluster = rules
    var reception = Reception(
      defaults: Sample.terms, machine: Limits(memory: .gibibytes(1), cpuMillis: 1000, pids: 100),
      maxInput: .kibibytes(1))
    reception.places.hasCluster = true
    engine = Engine(
      ports: Engine.Ports(
        store: store, launcher: FakeLauncher(journal: journal), cluster: Cluster(fake: far), plugins: plugins,
        logs: MemoryLogs(), clock: clock),
      policy: policy, reception: reception, version: "1.2.3", pid: 42,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  func run(_ body: () async throws -> Void) async throws {
    let task = Task { try await engine.run() }
    plugins.publish(Catalog(plugins: [Bench.tools], refused: []))
    do {
      try await journal.wait(for: "noted \([Bench.tools].map(\.name))")
      try await body()
    } catch {
      await engine.stop()
      throw error
    }
    await engine.stop()
    try await task.value
  }

  /// Says how the cluster is; returns when the engine knows.
  func answer(_ standing: ClusterStanding) async throws {
    far.say(.cluster(standing))
    while await engine.cluster()?.standing != standing { await Task.yield() }
  }

  /// Submits a job to the cluster, where its attempt is placed, or waits for a node.
  func runningJob(on node: String?) async throws -> AttemptID {
    let job = try await engine.submit([JobRequest(handler: "work", wishes: Wishes(place: .slurm))])[0]
    let attempt = AttemptID(job: job, number: 1)
    try await journal.wait(for: "launch \(attempt)")
    let place = Whereabouts(
      clusterJob: "\(job)", node: node, reason: node == nil ? "Resources" : nil)
    far.say(.placed(attempt, place))
    while await engine.cluster()?.attempts[attempt] != place { await Task.yield() }
    return attempt
  }

  /// Says that an attempt has ended; returns when it is on record.
  func end(_ attempt: AttemptID, _ report: AttemptReport = .success) async throws {
    far.say(.ended(attempt, report))
    try await journal.wait { entries in
      entries.contains { $0.hasPrefix("committed") && $0.contains("ended \(attempt)") }
    }
  }
}
