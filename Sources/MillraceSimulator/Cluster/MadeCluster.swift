import MillraceCore

/// A made-up batch system and its nodes: who asks first gets the first node with room; who finds none lets a
/// few others pass.
struct MadeCluster {
  /// One machine of it.
  struct Node {
    let name: String
    let processors: Int
    let memory: Bytes
    /// When the batch system finds out that it is down; nil while it is not.
    var lossIsKnown: Duration?
    var isKnownDown = false
    /// Whether it can run nothing of what it is given.
    var isAtFault = false
    /// What is on it.
    fileprivate(set) var attempts: Set<AttemptID> = []
    fileprivate(set) var processorsUsed = 0
    fileprivate(set) var memoryUsed = Bytes.zero
  }

  /// What is asked for.
  struct Request {
    var attempt: AttemptID
    var processors: Int
    var memory: Bytes
    /// The nodes that it must not get, by name.
    var excluded: [String]

    /// Asks for what an attempt may use.
    init(_ attempt: AttemptID, _ limits: Limits, excluded: [String]) {
      self.attempt = attempt
      processors = max(1, Int((limits.cpuMillis + 999) / 1000))
      memory = limits.memory
      self.excluded = excluded
    }

    fileprivate var room: RoomTree.Room { .init(processors: processors, memory: memory.rawValue) }
  }

  private(set) var nodes: [Node]
  /// What waits, in the order in which it was asked for.
  private(set) var pending: [Request] = []
  private var placed: [AttemptID: (node: Int, request: Request)] = [:]
  private var rooms: RoomTree
  private let placeOf: [String: Int]
  /// How many of those that find no node are passed in one go.
  private static let depth = 50

  init(_ nodes: [Node]) {
    self.nodes = nodes
    rooms = RoomTree(count: nodes.count)
    placeOf = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1.name, $0) })
    for node in nodes.indices { noteRoom(of: node) }
  }

  /// Whether it could ever run what asks for so much.
  func canHold(_ limits: Limits) -> Bool {
    let request = Request(AttemptID(job: JobID(0), number: 0), limits, excluded: [])
    return nodes.contains { $0.processors >= request.processors && $0.memory >= request.memory }
  }

  /// The node of an attempt; nil while it waits, and for one that is not there.
  func node(of attempt: AttemptID) -> Node? { placed[attempt].map { nodes[$0.node] } }

  /// How many processors attempts have.
  var processorsUsed: Int { nodes.reduce(0) { $0 + $1.processorsUsed } }

  mutating func submit(_ request: Request) { pending.append(request) }

  /// What waits gets none of some nodes from now on, and may get the others.
  mutating func exclude(_ names: [String]) {
    for place in pending.indices { pending[place].excluded = names }
  }

  /// Gives nodes to what waits; returns who has got one.
  mutating func place() -> [AttemptID] {
    var started: [AttemptID] = []
    var kept: [Request] = []
    var next = 0
    while next < pending.count, kept.count < Self.depth {
      let request = pending[next]
      next += 1
      let excluded = request.excluded.compactMap { placeOf[$0] }
      guard let node = rooms.first(with: request.room, where: { !excluded.contains($0) }) else {
        kept.append(request)
        continue
      }
      placed[request.attempt] = (node, request)
      nodes[node].attempts.insert(request.attempt)
      nodes[node].processorsUsed += request.processors
      nodes[node].memoryUsed = nodes[node].memoryUsed + request.memory
      noteRoom(of: node)
      started.append(request.attempt)
    }
    if !started.isEmpty { pending.replaceSubrange(..<next, with: kept) }
    return started
  }

  /// Forgets an attempt that has ended, or that waits no more.
  mutating func remove(_ attempt: AttemptID) {
    guard let (node, request) = placed.removeValue(forKey: attempt) else {
      return pending.removeAll { $0.attempt == attempt }
    }
    nodes[node].attempts.remove(attempt)
    nodes[node].processorsUsed -= request.processors
    nodes[node].memoryUsed = nodes[node].memoryUsed - request.memory
    noteRoom(of: node)
  }

  /// Changes how a node is.
  mutating func change(_ node: Int, _ change: (inout Node) -> Void) {
    change(&nodes[node])
    noteRoom(of: node)
  }

  /// How it is, in its own words.
  func standing(trouble: String?, at now: Timestamp) -> ClusterStanding {
    ClusterStanding(trouble: trouble, since: now, nodes: nodes.map(\.told))
  }

  private mutating func noteRoom(of node: Int) {
    let node = (place: node, state: nodes[node])
    let room = RoomTree.Room(
      processors: node.state.processors - node.state.processorsUsed,
      memory: node.state.memory.rawValue - node.state.memoryUsed.rawValue)
    rooms.set(node.state.isKnownDown ? .none : room, of: node.place)
  }
}

extension MadeCluster.Node {
  /// What the batch system tells of it.
  fileprivate var told: ClusterNode {
    let state: ClusterNode.State = isKnownDown ? .offline : attempts.isEmpty ? .idle : .busy
    return ClusterNode(
      name: name, state: state, word: state.rawValue, processors: processors,
      processorsReserved: processorsUsed, memory: memory, memoryReserved: memoryUsed)
  }
}
