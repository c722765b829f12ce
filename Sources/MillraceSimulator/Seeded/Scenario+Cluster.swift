import MillraceCore

extension Scenario {
  /// Something that happens in the cluster.
  enum ClusterIncident {
    /// A node goes down; the batch system finds out, and later it is there again.
    case fail(Int, detection: Duration, outage: Duration)
    case lose(Int)
    case recover(Int)
    /// A node can run nothing of what it is given, or can again.
    case fault(Int, Bool)
    /// The batch system does not answer, or does again.
    case silence(Bool)
    /// It ends one of the attempts that run, whichever.
    case interrupt(Simulation.Way, lot: Int)
    /// The runner looks at it.
    case look
  }

  mutating func drawCluster() {
    var rules = ClusterRules()
    rules.outstanding = Int.random(in: 1...8, using: &random)
    rules.autoWait = random.seconds(0...40)
    rules.coolDown = random.seconds(1...20)
    rules.longestCoolDown = .seconds(60)
    looking = random.seconds(2...15)
    let nodes = (1...Int.random(in: 1...4, using: &random)).map { number in
      MadeCluster.Node(
        name: "n\(number)", processors: Int.random(in: 1...8, using: &random),
        memory: .mebibytes(Int64.random(in: 128...1024, using: &random)))
    }
    guard twists.contains(.cluster) else { return }
    policy.cluster = rules
    self.nodes = nodes
  }

  /// What happens in it up to a second; then it is as it should be.
  mutating func drawClusterIncidents(until last: Int64) {
    guard twists.contains(.cluster) else { return }
    put(.cluster(.look), in: 0...3)
    if twists.contains(.nodeLosses) {
      for _ in 0..<5 {
        let node = Int.random(in: nodes.indices, using: &random)
        let (detection, outage) = (random.seconds(0...20), random.seconds(0...60))
        put(.cluster(.fail(node, detection: detection, outage: outage)), in: 0...last)
      }
    }
    if twists.contains(.nodeFaults) {
      for _ in 0..<4 {
        let node = Int.random(in: nodes.indices, using: &random)
        let time = Int64.random(in: 0...last, using: &random)
        put(.cluster(.fault(node, true)), in: time...time)
        put(.cluster(.fault(node, false)), in: time + 1...time + 80)
      }
      for node in nodes.indices { put(.cluster(.fault(node, false)), in: last + 81...last + 81) }
    }
    if twists.contains(.silences) {
      for _ in 0..<3 {
        let time = Int64.random(in: 0...last, using: &random)
        put(.cluster(.silence(true)), in: time...time)
        put(.cluster(.silence(false)), in: time + 1...time + 60)
      }
      put(.cluster(.silence(false)), in: last + 61...last + 61)
    }
    if twists.contains(.interruptions) {
      for _ in 0..<8 {
        let way = random.oneIn(2) ? Simulation.Way.preempted : .cancelledThere
        put(.cluster(.interrupt(way, lot: Int.random(in: 0..<1000, using: &random))), in: 0...last)
      }
    }
  }
}
