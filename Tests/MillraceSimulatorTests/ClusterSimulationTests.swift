import MillraceCore
import Testing

@testable import MillraceSimulator

@Suite("A simulated cluster")
struct ClusterSimulationTests {
  /// Seeds with a cluster.
  private static func seeds(_ range: Range<UInt64>) throws -> [UInt64] {
    try range.filter { try Simulation(seed: $0).twists.contains(.cluster) }
  }

  @Test("breaks no rule, loses no job, and starts none twice")
  func rules() throws {
    var attempts = 0
    for seed in try Self.seeds(1000..<1400) {
      var simulation = try Simulation(seed: seed)
      do throws(BrokenRule) {
        try simulation.run()
      } catch {
        Issue.record("seed \(seed): \(error)")
      }
      attempts += simulation.attempts[.slurm] ?? 0
    }
    #expect(attempts > 1000)
  }

  @Test("meets everything that can happen there")
  func coverage() throws {
    var met: Set<String> = []
    for seed in try Self.seeds(1000..<1200) {
      var simulation = try Simulation(seed: seed, keepsTrace: true)
      try simulation.run()
      met.formUnion(simulation.wordsOfCluster)
    }
    #expect(Simulation.allWordsOfCluster.subtracting(met) == [])
  }

  @Test("a scheduler with a flaw is found out", arguments: Simulation.Flaw.allCases)
  func flawed(_ flaw: Simulation.Flaw) throws {
    var found: [String] = []
    for seed in UInt64(0)..<300 {
      var simulation = try Simulation(seed: seed, flaw: flaw)
      guard simulation.twists.isSuperset(of: flaw.twists.union([.cluster])) else { continue }
      do throws(BrokenRule) { try simulation.run() } catch { found.append(error.description) }
      if found.last?.contains(flaw.finding) == true { return }
    }
    Issue.record("found only \(found.prefix(10))")
  }
}

extension Simulation {
  /// What must come up in a trace, and in it.
  static let allWordsOfCluster: Set<String> = [
    "nodeFault(", "was lost with what ran there", "preempted", "cancelled in the cluster", "time limit of",
    "in the cluster", "its memory limit", "cluster(trouble: Optional", "cluster(trouble: nil)", "no memory",
  ]

  var wordsOfCluster: Set<String> {
    let text = trace.joined(separator: "\n")
    return Self.allWordsOfCluster.filter(text.contains)
  }
}

extension Simulation.Flaw {
  /// What it can be found by only.
  fileprivate var twists: Set<Twist> {
    switch self {
    case .missesTrouble: [.silences]
    case .missesFaults: [.nodeFaults]
    case .givesUp, .missesLosses: [.nodeLosses]
    case .overfills, .sendsAtOnce, .forgetsPlaces: []
    }
  }

  fileprivate var finding: String {
    switch self {
    case .missesTrouble: "in spite of"
    case .missesFaults: "are left out"
    case .overfills: "is started as number"
    case .sendsAtOnce: "and the queue here takes"
    case .forgetsPlaces: "is started here, where it must not be"
    case .givesUp: "which is not so"
    case .missesLosses: "jobs never end"
    }
  }
}
