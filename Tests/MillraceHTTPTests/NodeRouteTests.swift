import MillraceClient
import MillraceEngine
import MillraceWire
import Testing
import TestSupport

@testable import MillraceCore
@testable import MillraceHTTP

@Suite("The route of the nodes")
struct NodeRouteTests {
  /// A cluster with a node that cools down, one that does not answer, and an attempt without a node.
  private static let report = ClusterReport(
    standing: ClusterStanding(
      trouble: nil, since: Sample.time(5),
      nodes: [
        ClusterNode(
          name: "n1", state: .busy, word: "mixed", processors: 4, processorsReserved: 2, load: 0.5,
          memory: .gibibytes(8), memoryReserved: .gibibytes(2), memoryFree: .gibibytes(5),
          lastSeen: Sample.time(4)),
        ClusterNode(
          name: "n2", state: .offline, word: "down*", processors: 4, memory: .gibibytes(8),
          reason: "not responding"),
      ]),
    bound: 1000,
    attempts: [
      AttemptID(job: JobID(7), number: 1): Whereabouts(clusterJob: "70", node: "n1"),
      AttemptID(job: JobID(3), number: 2): Whereabouts(clusterJob: "71", node: "n1"),
      AttemptID(job: JobID(9), number: 1): Whereabouts(clusterJob: "72", reason: "Resources"),
    ], coolsUntil: ["n1": Sample.time(60)])

  private static func status(_ report: ClusterReport?) -> RunnerStatus {
    var status = RunnerStatus(
      version: "0.1", pid: 7, started: Sample.time(0), draining: false, queued: 1, scheduled: 2, running: 2,
      capacity: Sample.admission.capacity, used: Sample.admission.used)
    status.cluster = report.map(ClusterSummary.init)
    return status
  }

  @Test("tells each node with its attempts, and what has no node yet")
  func nodes() async throws {
    try await TestServer.with { server in
      server.service.change { $0.cluster = Self.report }
      let view = try await ClientAgainstServerTests.call(server) { try $0.nodes() }
      #expect(view == NodesView(Self.report))
      #expect(view.trouble == nil && view.since == Wire.text(of: Sample.time(5)))
      #expect(view.outstanding == 3 && view.bound == 1000 && view.waiting == 1)
      #expect(view.nodes.map(\.name) == ["n1", "n2"])
      #expect(view.nodes.map(\.state) == [.cooling, .offline])
      #expect(view.nodes.map(\.attempts) == [["3.2", "7.1"], []])
      #expect(view.nodes[0].coolsUntil == Wire.text(of: Sample.time(60)) && view.nodes[1].coolsUntil == nil)
      #expect(view.nodes[0].memoryUsedBytes == 3 << 30 && view.nodes[1].reason == "not responding")
    }
  }

  @Test("a cluster that has not answered yet has no nodes, and that as its trouble")
  func silent() async throws {
    try await TestServer.with { server in
      server.service.change { $0.cluster = ClusterReport(standing: nil, bound: 10) }
      let view: NodesView = try await server.request("GET", "/v1/nodes").decoded()
      #expect(view.trouble == "the cluster has not answered yet" && view.since == nil && view.nodes.isEmpty)
    }
  }

  @Test("without a cluster it is not found, in words; nothing but GET is there, and no parameters")
  func none() async throws {
    try await TestServer.with { server in
      let reply = try await server.request("GET", "/v1/nodes")
      let problem = try reply.decoded(Problem.self)
      #expect(reply.status == 404 && problem.kind == .notFound && problem.detail.contains("no `slurm`"))
      #expect(problem.hint?.contains("docs/slurm.md") == true)
      #expect(try await server.request("POST", "/v1/nodes").status == 405)
      #expect(try await server.request("GET", "/v1/nodes?x=1").status == 422)
    }
  }

  @Test("the runner's state has the cluster in figures, and the whole picture says where attempts are")
  func status() async throws {
    let service = FakeJobService()
    var attempt = Top.Running(
      id: AttemptID(job: JobID(7), number: 1), handler: "a", jobClass: nil, priority: .default,
      limits: Sample.terms.limits, admitted: Sample.time(1), started: Sample.time(2), frozenSince: nil,
      stop: nil, memory: nil, cpuMillis: nil)
    attempt.place = .slurm
    service.change { [attempt] in
      $0.status = Self.status(Self.report)
      $0.cluster = Self.report
      $0.top = Top(running: [attempt], queued: [])
    }
    try await TestServer.with(service) { server in
      let view = try await ClientAgainstServerTests.call(server) { try $0.top(queued: 0) }
      #expect(
        view.status.cluster
          == ClusterView(
            since: Sample.time(5), outstanding: 3, waiting: 1, bound: 1000, nodes: 2, usable: 0))
      let row = try #require(view.running.first)
      #expect(row.place == .slurm && row.node == "n1" && row.clusterJob == "70" && row.clusterReason == nil)
      server.service.change { $0.status = Self.status(nil) }
      let without: StatusView = try await server.request("GET", "/v1/status").decoded()
      #expect(without.cluster == nil)
    }
  }
}
