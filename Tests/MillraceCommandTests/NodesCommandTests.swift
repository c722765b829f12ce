import FoundationEssentials
import MillraceWire
import TestSupport
import Testing

@testable import MillraceCore
@testable import millrace

@Suite("millrace nodes")
struct NodesCommandTests {
  private static let nodes = [
    NodeView(
      ClusterNode(
        name: "n1", state: .busy, word: "mixed", processors: 4, processorsReserved: 3, load: 0.5,
        memory: .gibibytes(8), memoryReserved: .gibibytes(1), memoryFree: .gibibytes(6),
        lastSeen: Sample.time(60)),
      attempts: [AttemptID(job: JobID(7), number: 1), AttemptID(job: JobID(8), number: 2)]),
    NodeView(
      ClusterNode(
        name: "n2", state: .idle, word: "idle", processors: 4, memory: .gibibytes(8)),
      coolsUntil: Sample.time(3630)),
    NodeView(
      ClusterNode(
        name: "n3", state: .drained, word: "drained", processors: 64, memory: .gibibytes(256),
        reason: "disk \u{1b}[31mbroken\n")),
  ]

  private static func view(trouble: String? = nil, waiting: Int = 0) -> NodesView {
    NodesView(
      trouble: trouble, since: Sample.time(5), outstanding: 2 + waiting, bound: 1000, waiting: waiting,
      nodes: nodes)
  }

  private static func row(_ job: Int64, on node: String?, isRunning: Bool = true) -> TopRow {
    var row = TopSample.running(job, "work", since: 0, labels: ["team": "a"]) {
      $0.place = .slurm
      if !isRunning { $0.started = nil }
    }
    (row.clusterJob, row.node) = ("\(job)0", node)
    if node == nil { row.clusterReason = "Resources" }
    return row
  }

  private func server(_ view: NodesView) throws -> ScriptedServer {
    let nodes = String(decoding: try Wire.encoder().encode(view), as: UTF8.self)
    let top = TopSample.json(
      TopSample.view(running: [Self.row(7, on: "n1"), Self.row(9, on: "n2"), Self.row(8, on: "n1")]))
    return try ScriptedServer { request in
      switch request.target {
      case "/v1/nodes": [.answer(200, nodes)]
      case "/v1/top?queued=0": [.answer(200, top)]
      default: [.problem(404, kind: "notFound", "no \(request.target)")]
      }
    }
  }

  private func nodes(_ server: ScriptedServer, _ arguments: String...) throws -> Program.Outcome {
    try Program(["nodes", "--socket", server.socket] + arguments, path: Program.path).end()
  }

  @Test("lists what each has, what of it is promised and used, what runs there, and why it can't be used")
  func list() throws {
    let outcome = try nodes(try server(Self.view(waiting: 3)))
    #expect(
      outcome
        == .init(
          code: 0,
          out: """
            NODE  STATE     CPU  LOAD       MEMORY   USED  ATTEMPTS  LAST SEEN            REASON
            n1    busy      3/4   0.5  1 GiB/8 GiB  2 GiB         2  2026-01-01 00:01:00  -
            n2    cooling   0/4     -    0 B/8 GiB      -         0  -                    \
            failed an attempt, gets none until 2026-01-01 01:00:30
            n3    drained  0/64     -  0 B/256 GiB      -         0  -                    \
            disk \u{fffd}[31mbroken\\n

            """, error: "millrace: 3 of 5 attempts in the cluster have no node yet\n"))
  }

  @Test("gives programs the API's own shape, its names as columns, and names alone")
  func formats() throws {
    let server = try server(Self.view())
    let json = try nodes(server, "-o", "json")
    #expect(try Wire.decoder().decode(NodesView.self, from: Data(json.out.utf8)) == Self.view())
    #expect(try nodes(server, "-o", "ids").out == "n1\nn2\nn3\n")
    let csv = try nodes(server, "-o", "csv").out.split(separator: "\n").prefix(2)
    #expect(
      csv == [
        "name,state,processors_reserved,processors,load,memory_reserved_bytes,memory_bytes,memory_free_bytes,"
          + "attempt_count,last_seen,word,cools_until,attempts,reason",
        "n1,busy,3,4,0.5,1073741824,8589934592,6442450944,2,2026-01-01T00:01:00.000Z,mixed,,7.1 8.2,",
      ])
    #expect(try nodes(server, "-o", "wide").out.contains("  mixed     "))
    #expect(try nodes(server, "-o", "jsonl").out.split(separator: "\n").count == 3)
  }

  @Test("shows one with its attempts, and says which there are if there is no such")
  func one() throws {
    let server = try server(Self.view())
    let shown = try nodes(server, "n1")
    #expect(shown.code == 0 && shown.error.isEmpty)
    let lines = shown.out.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines.contains("cpu        3/4") && lines.contains("in slurm   mixed"))
    #expect(lines.contains { $0.hasPrefix("ATTEMPT  HANDLER  STATE") && $0.contains("SLURM JOB  LABELS") })
    #expect(lines.contains { $0.contains("7.1  work     running") && $0.hasSuffix("70  team=a") })
    #expect(!shown.out.contains("9.1"))
    let json = try nodes(server, "n1", "-o", "json")
    #expect(try Wire.decoder().decode(NodeView.self, from: Data(json.out.utf8)) == Self.nodes[0])
    let unknown = try nodes(server, "n9")
    #expect(
      unknown
        == .init(code: 4, out: "", error: "error: there is no node `n9`\n\nhint: there are: n1, n2, n3\n"))
  }

  @Test("says that the cluster can't be used, and shows the nodes as they were")
  func trouble() throws {
    let outcome = try nodes(try server(Self.view(trouble: "slurmctld is away")))
    #expect(outcome.code == 0 && outcome.out.contains("n3    drained"))
    #expect(
      outcome.error == "millrace: the cluster can't be used since 2026-01-01 00:00:05: slurmctld is away\n")
  }

  @Test("is not found without a cluster, and unreachable without a runner")
  func none() throws {
    let server = try ScriptedServer { _ in [.problem(404, kind: "notFound", "this runner has no cluster")] }
    let outcome = try nodes(server)
    #expect(outcome.code == 4 && outcome.error.hasPrefix("error: this runner has no cluster\n"))
    let down = try Program.millrace("nodes", "--socket", "/nowhere/sock")
    #expect(down.code == 69 && down.out.isEmpty && down.error.hasPrefix("error: "))
    #expect(down.error.contains("\n\nhint: start `millraced`"))
  }

  @Test("top tells where attempts are as soon as one is not here, and how the cluster is")
  func top() throws {
    var view = TopSample.view(
      running: [TopSample.running(1, "exec"), Self.row(7, on: "n1"), Self.row(8, on: nil, isRunning: false)])
    let here = TopSample.state(TopSample.view(running: [TopSample.running(1, "exec")]))
    #expect(!TopSheet(state: here).text(paint: Paint(isOn: false)).contains("NODE"))
    view.status.cluster = ClusterView(
      since: Sample.time(5), outstanding: 2, waiting: 1, bound: 9, nodes: 3, usable: 1)
    let text = TopSheet(state: TopSample.state(view)).text(paint: Paint(isOn: false))
    #expect(text.contains("cluster: 2 of 9 attempts, 1 of them without a node, 1 of 3 nodes usable\n"))
    let lines = text.split(separator: "\n").map(String.init)
    let rows = try #require(lines.firstIndex { $0.hasPrefix("JOB") && $0.contains("NODE") })
    #expect(lines[rows + 1].contains("1.1") && lines[rows + 2].contains("  n1  "))
    #expect(lines[rows + 3].contains("(Resources)") && lines[rows + 3].contains("starting"))
    #expect(Self.row(7, on: "n1").matches("n1") && !Self.row(7, on: "n1").matches("n2"))
    let csv = Table.top(at: TopSample.time).csv([Self.row(7, on: "n1"), TopSample.running(1, "exec")])
      .split(separator: "\n")
    #expect(csv[1].hasSuffix(",,slurm,n1,70") && csv[2].hasSuffix(",,local,,"))
  }

  @Test("submit asks for a place, list shows it, show says where in Slurm it is, history asks for a node")
  func places() throws {
    let placed = Answers.job(state: "running", ended: false).replacing(
      #""handler":"exec""#, with: #""handler":"exec","place":"slurm""#)
    let cluster = #""cluster":{"cluster_job":"77","reason":"Resources"}"#
    let server = try ScriptedServer { request in
      switch request.target {
      case "/v1/jobs": [.answer(201, placed)]
      case "/v1/jobs/42": [.answer(200, "{\"job\":\(placed),\"attempts\":[],\"gates\":[],\(cluster)}")]
      case let target where target.hasPrefix("/v1/jobs?"): [.answer(200, "{\"jobs\":[\(placed)]}")]
      default: [.answer(200, "{\"attempts\":[]}")]
      }
    }
    func run(_ arguments: String...) throws -> Program.Outcome {
      try Program(arguments + ["--socket", server.socket], path: Program.path).end()
    }
    #expect(try run("submit", "exec", "--place", "slurm").out == "42\n")
    #expect(server.requests.last?.body.contains(#""place":"slurm""#) == true)
    #expect(try run("submit", "exec", "--place", "moon").code == 2)
    let csv = try run("list", "--state", "running", "-o", "csv").out.split(separator: "\n")
    #expect(csv[0].hasSuffix(",place") && csv[1].hasSuffix(",slurm"))
    let shown = try run("show", "42").out.split(separator: "\n").map(String.init)
    #expect(shown.contains { $0.hasPrefix("place ") && $0.hasSuffix(" slurm") })
    #expect(shown.contains { $0.hasPrefix("in slurm ") && $0.hasSuffix(" job 77, waits: Resources") })
    #expect(try run("history", "--node", "n1").code == 0)
    #expect(server.requests.last?.target.contains("node=n1") == true)
  }

  @Test("status has a line of the cluster, and says why it can't be used")
  func status() throws {
    var status = TopSample.view().status
    func card(_ cluster: ClusterView?) -> String {
      status.cluster = cluster
      return Table.status.card(status, paint: Paint(isOn: false))
    }
    #expect(!card(nil).contains("cluster"))
    #expect(
      card(
        ClusterView(since: Sample.time(5), outstanding: 2, waiting: 0, bound: 9, nodes: 1, usable: 1)
      ).contains("2 of 9 attempts, 1 of 1 node usable\n"))
    #expect(
      card(
        ClusterView(
          trouble: "slurmctld is away", since: Sample.time(5), outstanding: 2, waiting: 0, bound: 9, nodes: 1,
          usable: 1)
      ).contains("slurmctld is away since 2026-01-01 00:00:05; 2 attempts are there\n"))
  }
}
