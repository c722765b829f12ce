import FoundationEssentials
import MillraceWire
import Testing
import TestSupport

@testable import MillraceCore

/// What the cluster looks like to other programs, byte for byte.
struct NodesGoldenTests {
  private func json(_ value: some Encodable) throws -> String {
    String(decoding: try Wire.encoder().encode(value), as: UTF8.self)
  }

  private func check<Value: Codable & Equatable>(_ value: Value, _ text: String) throws {
    #expect(try json(value) == text)
    #expect(try Wire.decoder().decode(Value.self, from: Data(text.utf8)) == value)
  }

  @Test("nodes: one with everything that cools down, and one of which little is known")
  func nodes() throws {
    let full = ClusterNode(
      name: "n1", state: .busy, word: "mixed", processors: 8, processorsReserved: 3, load: 1.5,
      memory: .gibibytes(4), memoryReserved: .gibibytes(1), memoryFree: .gibibytes(3), reason: "so",
      lastSeen: Sample.time(1))
    let down = ClusterNode(name: "n2", state: .offline, word: "down*", processors: 2, memory: .mebibytes(1))
    let view = NodesView(
      trouble: "slurmctld is away", since: Sample.time(2), outstanding: 3, bound: 1000, waiting: 1,
      nodes: [
        NodeView(
          full, coolsUntil: Sample.time(3),
          attempts: [AttemptID(job: JobID(4), number: 2), AttemptID(job: JobID(42), number: 1)]),
        NodeView(down),
      ])
    try check(
      view,
      #"{"bound":1000,"nodes":[{"attempt_count":2,"attempts":["4.2","42.1"],"#
        + #""cools_until":"2026-01-01T00:00:03.000Z","last_seen":"2026-01-01T00:00:01.000Z","load":1.5,"#
        + #""memory_bytes":4294967296,"memory_free_bytes":3221225472,"memory_reserved_bytes":1073741824,"#
        + #""name":"n1","processors":8,"processors_reserved":3,"reason":"so","state":"cooling","#
        + #""word":"mixed"},"#
        + #"{"attempt_count":0,"attempts":[],"memory_bytes":1048576,"memory_reserved_bytes":0,"name":"n2","#
        + #""processors":2,"processors_reserved":0,"state":"offline","word":"down*"}],"outstanding":3,"#
        + #""since":"2026-01-01T00:00:02.000Z","trouble":"slurmctld is away","waiting":1}"#)
    #expect(view.nodes.map(\.memoryUsedBytes) == [1 << 30, nil])
    try check(
      NodesView(trouble: nil, since: nil, outstanding: 0, bound: 1, waiting: 0),
      #"{"bound":1,"nodes":[],"outstanding":0,"waiting":0}"#)
  }

  @Test("a node tells the first of its attempts, and how many there are")
  func manyAttempts() {
    let node = ClusterNode(name: "n", state: .busy, word: "alloc", processors: 1, memory: .zero)
    let attempts = (1...Int64(250)).map { AttemptID(job: JobID($0), number: 1) }
    let view = NodeView(node, attempts: attempts)
    #expect(view.attempts.count == 100 && view.attempts.last == "100.1" && view.attemptCount == 250)
  }

  @Test(
    "a node that the cluster does not use is no cooling one",
    arguments: zip(
      [ClusterNode.State.idle, .busy, .unhealthy, .offline, .drained],
      [NodeState.cooling, .cooling, .unhealthy, .offline, .drained]))
  func states(_ found: ClusterNode.State, _ cooling: NodeState) {
    #expect(NodeState(found, isCooling: true) == cooling)
    #expect(NodeState(found, isCooling: false).rawValue == found.rawValue)
  }

  @Test("an attempt in the cluster: of those that run, and of a job")
  func attempts() throws {
    let id = AttemptID(job: JobID(1), number: 1)
    var attempt = Top.Running(
      id: id, handler: "a", jobClass: nil, priority: .default, limits: Sample.terms.limits,
      admitted: Sample.time(0), started: nil, frozenSince: nil, stop: nil, memory: nil, cpuMillis: nil)
    attempt.place = .slurm
    let place = Whereabouts(clusterJob: "77", node: nil, reason: "Resources")
    try check(
      TopRow(attempt, whereabouts: place),
      #"{"attempt":1,"cluster_job":"77","cluster_reason":"Resources","handler":"a","job":1,"labels":{},"#
        + #""limits":{"cpu_millis":1000,"io":[],"memory_bytes":67108864,"pids":32},"place":"slurm","#
        + #""priority":5,"since":"2026-01-01T00:00:00.000Z","state":"starting"}"#)
    try check(WhereaboutsView(place), #"{"cluster_job":"77","reason":"Resources"}"#)
    var job = Job(id: JobID(1), submission: Sample.plain(), submitted: Sample.time(0), state: .running)
    #expect(try !json(JobView(job)).contains("place"))
    job.submission.terms.place = .auto
    var detail = JobDetail(job: JobView(job), attempts: [])
    detail.cluster = WhereaboutsView(place)
    let text = try json(detail)
    #expect(text.contains(#""place":"auto""#))
    #expect(text.hasPrefix(#"{"attempts":[],"cluster":{"cluster_job":"77","reason":"Resources"},"gates""#))
    #expect(try Wire.decoder().decode(JobDetail.self, from: Data(text.utf8)) == detail)
  }

  @Test("an attempt on record tells the node and the Slurm job only if it was there")
  func recorded() throws {
    var attempt = Sample.attempt(JobID(1))
    let here = try json(AttemptView(attempt))
    #expect(!here.contains("place") && !here.contains("node") && !here.contains("late_outcome"))
    attempt.place = .slurm
    attempt.end = Sample.fullEnd(.lost)
    attempt.end?.whereabouts = Whereabouts(clusterJob: "77", node: "n1")
    attempt.lateOutcome = .succeeded
    let there = try json(AttemptView(attempt))
    for part in [
      #""cluster_job":"77""#, #""late_outcome":"succeeded""#, #""node":"n1""#, #""place":"slurm""#,
    ] {
      #expect(there.contains(part))
    }
  }

  @Test("where a job may run is one of three words, and the history takes a node")
  func asked() throws {
    func place(_ word: String) throws -> Placement? {
      var request = SubmitRequest(handler: "noop")
      request.place = word
      let text = try json(request)
      #expect(text.contains(#""place":"\#(word)""#))
      return try Wire.decoder().decode(SubmitRequest.self, from: Data(text.utf8)).jobRequest().wishes.place
    }
    for known in Placement.allCases { #expect(try place(known.rawValue) == known) }
    let refusal = try #require(throws: Refusal.self) { try place("moon") }
    #expect(refusal.kind == .invalid && refusal.hint == "one of: local, slurm, auto")
    var filter = HistoryFilter()
    filter.node = "n1"
    #expect(filter.queryItems.contains { $0 == ("node", "n1") })
    #expect(try HistoryFilter(queryItems: filter.queryItems) == filter)
  }

  @Test("the cluster in the runner's state")
  func summary() throws {
    try check(
      ClusterView(
        trouble: "away", since: Sample.time(0), outstanding: 5, waiting: 2, bound: 9, nodes: 3, usable: 1),
      #"{"bound":9,"nodes":3,"outstanding":5,"since":"2026-01-01T00:00:00.000Z","trouble":"away","#
        + #""usable":1,"waiting":2}"#)
  }
}
