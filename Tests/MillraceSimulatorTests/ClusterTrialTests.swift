import MillraceCore
import Testing

@testable import MillraceSimulator

@Suite("A large cluster")
struct ClusterTrialTests {
  private static func workload(seed: UInt64, failures: Int = 40) -> ClusterWorkload {
    var workload = ClusterWorkload()
    (workload.seed, workload.nodes, workload.jobs, workload.failures) = (seed, 20, 400, failures)
    workload.outstanding = 150
    return workload
  }

  @Test("loses no job to failing nodes and starts none twice", arguments: 1...10 as ClosedRange<UInt64>)
  func rules(seed: UInt64) throws {
    var trial = ClusterTrial(Self.workload(seed: seed))
    try trial.run()
    let figures = trial.figures
    #expect(figures.states.values.reduce(0, +) == 400)
    #expect(figures.nodeFailures > 10 && figures.lost > 0)
    #expect(figures.runAgain > 0 && figures.runAgain <= figures.lost + figures.refusedByNodes)
    #expect(figures.mostOutstanding <= 150)
    #expect(figures.utilisation > 0 && figures.utilisation <= 1)
    #expect(figures.events.count > 1200 && figures.events.mean > 0)
    #expect(figures.events.part(0.99) <= figures.events.max)
  }

  @Test("without failures, every attempt ends by itself or by its cancellation")
  func calm() throws {
    var trial = ClusterTrial(Self.workload(seed: 1, failures: 0))
    try trial.run()
    #expect(trial.figures.nodeFailures + trial.figures.lost + trial.figures.runAgain == 0)
    #expect(trial.figures.outcomes[.lost] == nil)
    #expect(Set(trial.figures.places.keys) == Set(Place.allCases))
  }

  @Test("the same seed makes the same trace")
  func deterministic() throws {
    var one = ClusterTrial(Self.workload(seed: 7), keepsTrace: true)
    var other = ClusterTrial(Self.workload(seed: 7), keepsTrace: true)
    try one.run()
    try other.run()
    #expect(one.trace.count > 1000)
    let isSame = one.trace == other.trace
    #expect(isSame)
  }
}

@Suite("A made-up batch system")
struct MadeClusterTests {
  private static func id(_ job: Int64) -> AttemptID { AttemptID(job: JobID(job), number: 1) }

  private static func request(
    _ job: Int64, processors: Int64 = 1, memory: Int64 = 1, excluded: [String] = []
  ) -> MadeCluster.Request {
    let limits = Limits(memory: .gibibytes(memory), cpuMillis: processors * 1000, pids: 1)
    return MadeCluster.Request(id(job), limits, excluded: excluded)
  }

  private static func cluster(_ processors: [Int]) -> MadeCluster {
    MadeCluster(
      processors.enumerated().map { place, count in
        MadeCluster.Node(name: "n\(place)", processors: count, memory: .gibibytes(8))
      })
  }

  /// The nodes that attempts have got, by job.
  private static func places(_ cluster: MadeCluster, _ jobs: ClosedRange<Int64>) -> [String?] {
    jobs.map { cluster.node(of: id($0))?.name }
  }

  @Test("gives the first node with room in the order of requests, and lets those pass that find none")
  func firstFit() {
    var cluster = Self.cluster([2, 4])
    for (job, processors) in [(1, 1), (2, 4), (3, 4), (4, 1), (5, 1)] as [(Int64, Int64)] {
      cluster.submit(Self.request(job, processors: processors))
    }
    #expect(cluster.place() == [1, 2, 4].map(Self.id))
    #expect(Self.places(cluster, 1...5) == ["n0", "n1", nil, "n0", nil])
    cluster.remove(Self.id(2))
    #expect(cluster.place() == [Self.id(3)])
    cluster.remove(Self.id(1))
    #expect(cluster.place() == [Self.id(5)])
    #expect(cluster.pending.isEmpty)
  }

  @Test("memory counts as well, and what nothing could hold is known")
  func memory() {
    var cluster = Self.cluster([8])
    cluster.submit(Self.request(1, memory: 5))
    cluster.submit(Self.request(2, memory: 4))
    #expect(cluster.place() == [Self.id(1)])
    #expect(cluster.canHold(Limits(memory: .gibibytes(8), cpuMillis: 8000, pids: 1)))
    #expect(!cluster.canHold(Limits(memory: .gibibytes(8), cpuMillis: 8001, pids: 1)))
  }

  @Test("gives no node that is left out or known to be down, and tells of each")
  func excluded() {
    var cluster = Self.cluster([1, 1, 1])
    cluster.change(1) { $0.isKnownDown = true }
    cluster.submit(Self.request(1, excluded: ["n0"]))
    cluster.submit(Self.request(2, excluded: ["n0"]))
    #expect(cluster.place() == [Self.id(1)])
    #expect(Self.places(cluster, 1...2) == ["n2", nil])
    let told = cluster.standing(trouble: nil, at: Timestamp(microseconds: 0))
    #expect(told.nodes.map(\.state) == [.idle, .offline, .busy])
    #expect(told.nodes.map(\.processorsReserved) == [0, 0, 1])
    cluster.exclude([])
    #expect(cluster.place() == [Self.id(2)])
    cluster.change(1) { $0.isKnownDown = false }
    cluster.submit(Self.request(3))
    #expect(cluster.place() == [Self.id(3)])
    cluster.remove(Self.id(3))
    cluster.submit(Self.request(4, processors: 2))
    cluster.remove(Self.id(4))
    #expect(cluster.place() == [] && cluster.pending.isEmpty)
  }

  @Test("the tree of room finds the first node with enough of both")
  func tree() {
    var random = SeededGenerator(seed: 1)
    var tree = RoomTree(count: 13)
    var rooms = [RoomTree.Room](repeating: .none, count: 13)
    for _ in 0..<2000 {
      let node = Int.random(in: 0..<13, using: &random)
      rooms[node] = RoomTree.Room(
        processors: Int.random(in: -1...4, using: &random), memory: Int64.random(in: -1...4, using: &random))
      tree.set(rooms[node], of: node)
      let need = RoomTree.Room(
        processors: Int.random(in: 0...4, using: &random), memory: Int64.random(in: 0...4, using: &random))
      let left = Int.random(in: 0..<13, using: &random)
      #expect(
        tree.first(with: need) { $0 != left } == rooms.indices.first { $0 != left && rooms[$0].holds(need) })
    }
  }
}
